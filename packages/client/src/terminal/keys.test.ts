import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Key, Keys } from "./keys.ts";

/** The keys in parts that come one after the other; texts stand for themselves, in one string each. */
function read(...parts: readonly (string | Uint8Array)[]): readonly string[] {
  const keys = new Keys();
  const made: string[] = [];
  for (const key of parts.flatMap((part) => keys.read(Buffer.from(part as string)))) {
    if (typeof key === "string") made.push(`<${key}>`);
    else if (made.length === 0 || made.at(-1)?.startsWith("<")) made.push(key.text);
    else made.push(made.pop() + key.text);
  }
  return made;
}

describe("keys", () => {
  test("are text, or what a line mode understands", () => {
    expect(read("aä\u{1f511} \r")).toEqual(["aä\u{1f511} ", "<enter>"]);
    expect(read("\n\x03\x04\x1a\x1c\x7f\b\x15\x17")).toEqual([
      ...["<enter>", "<interrupt>", "<end>", "<suspend>", "<quit>", "<erase>", "<erase>"],
      ...["<erase-line>", "<erase-word>"],
    ]);
    expect(read("a\t\x01\x00\u0085b")).toEqual(["ab"]);
    expect(read(Uint8Array.of(0xc3), Uint8Array.of(0xb6))).toEqual(["ö"]);
  });

  test.each([
    ["arrows", "\u001b[A\u001b[D\u001bOC\u001bOB"],
    ["arrows with Ctrl and Alt", "\u001b[1;5C\u001b\u001b[A\u001bO5D"],
    ["Home, End, Delete, function keys", "\u001b[H\u001b[4~\u001b[3~\u001b[15;2~\u001bOP\u001b[[A"],
    ["Alt with a letter", "\u001bf\u001b.\u001bä"],
    ["8-bit sequences", "\u009bA\u009b1;5C"],
    ["answers of the terminal", "\u001b[?62;c\u001b[12;40R\u001b]11;rgb:00/00/00\u0007\u001bP1$r0m\u001b\\"],
  ])("%s are no text, wherever they are cut", (_what, sequence) => {
    expect(read(`a${sequence}b\r`)).toEqual(["ab", "<enter>"]);
    for (let at = 1; at < sequence.length; at++)
      expect(read(`a${sequence.slice(0, at)}`, `${sequence.slice(at)}b\r`)).toEqual(["ab", "<enter>"]);
  });

  test("that end a line end a sequence too, so that nobody is caught in one", () => {
    for (const start of ["\u001b", "\u001b[", "\u001b[1;", "\u001b]0;x", "\u001bP", "\u001bO", "\u001b[["])
      expect(read(`${start}\rb\x03`)).toEqual(["<enter>", "b", "<interrupt>"]);
  });

  test("behind an Escape that stood alone are ordinary ones", () => {
    const keys = new Keys();
    expect(keys.read(Buffer.from("\u001b"))).toEqual([]);
    keys.settle();
    expect(keys.read(Buffer.from("[A"))).toEqual([{ text: "[" }, { text: "A" }]);
  });
});

describe("a paste", () => {
  const paste = (text: string) => `\u001b[200~${text}\u001b[201~`;

  test("is text, without the line feeds at its end", () => {
    expect(read(`a${paste("b c\t\r\n")}d\r`)).toEqual(["ab c\td", "<enter>"]);
    expect(read(paste("b\rc\r"))).toEqual(["b\nc"]);
    expect(read(paste("\r"), "\r")).toEqual(["<enter>"]);
  });

  test("holds no keys but the one that interrupts", () => {
    expect(read(paste("a\x04\x1a\x1c\x7f\x15\x17b\u001b[Ac"))).toEqual(["abc"]);
    expect(read("\u001b[200~a\x03")).toEqual(["a", "<interrupt>"]);
  });
});

test("whatever comes, cut anywhere, gives the same keys, and no control character but what is pasted", () => {
  const piece = fc.constantFrom(
    ..."abä~[]O;?0129\u001b\u001b\u001b\u009b\u0007\r\n\t\x03\x1a\x7f",
    ..."\u001b[200~|\u001b[201~|\u001b[A|\u001b]0;".split("|"),
  );
  const flat = (keys: readonly Key[]) => JSON.stringify(keys);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(), (pieces, cut) => {
      const bytes = Buffer.from(pieces.join(""));
      const at = bytes.length === 0 ? 0 : cut % bytes.length;
      const whole = new Keys().read(bytes);
      const keys = new Keys();
      expect(flat([...keys.read(bytes.subarray(0, at)), ...keys.read(bytes.subarray(at))])).toBe(flat(whole));
      for (const key of whole) {
        if (typeof key !== "string") expect(key.text).toMatch(/^\n*[^\p{Cc}]$|^\n*\t$/u);
      }
    }),
    { numRuns: 2000 },
  );
});
