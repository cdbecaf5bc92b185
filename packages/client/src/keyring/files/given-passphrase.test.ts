import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, succeed } from "@pstore/e2e/support/process";
import { openTerminal } from "@pstore/e2e/support/terminal";
import { passphraseInFile } from "./given-passphrase.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync("/tmp/p-");
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, "passphrase");
  writeFileSync(path, content);
  chmodSync(path, mode);
  return "~/passphrase";
}

const inFile = async (named: string) => (await passphraseInFile(named, folder)).text;

describe("a passphrase file", () => {
  test("gives its first line, without the line feed and with everything else", async () => {
    const lines = {
      "one\n": "one",
      one: "one",
      " pässword \nnext\n": " pässword ",
      "a\r\nb": "a",
      "\ufeffa": "\ufeffa",
    };
    for (const [content, text] of Object.entries(lines)) expect(await inFile(write(content))).toBe(text);
    expect(await inFile(write(`${"x".repeat(4096)}\n${"y".repeat(40_000)}`))).toBe("x".repeat(4096));
  });

  test("that gives none, or what is none, is refused with its name", async () => {
    const refused = async (content: string | Uint8Array, mode?: number) =>
      (await passphraseInFile(write(content, mode), folder).catch((error) => error)).message;
    expect(await refused("")).toBe(
      "~/passphrase ($PSTORE_PASSPHRASE_FILE) gives no passphrase: its first line is empty",
    );
    expect(await refused("\nsecond\n")).toContain("its first line is empty");
    expect(await refused(Uint8Array.of(0x61, 0xff, 0x0a))).toContain("gives is no UTF-8 text");
    expect(await refused("x".repeat(4097))).toContain("is over 4096 bytes");
    expect(await refused("x".repeat(70_000))).toContain("is over 4096 bytes");
    expect(await refused("one\n", 0o644)).toBe(
      "the permissions 0644 of ~/passphrase are too open: chmod 600 ~/passphrase",
    );
    await expect(inFile("~/missing")).rejects.toThrow("there is no passphrase file ~/missing");
    await expect(inFile(folder)).rejects.toThrow(`${folder} is a folder; name the passphrase file in it`);
  });

  test("may be a named pipe, of any mode", async () => {
    const pipe = join(folder, "pipe");
    await succeed(["mkfifo", "-m", "666", pipe]);
    const reading = inFile(pipe);
    await succeed(["sh", "-c", 'echo "from a pipe" > "$1"', "sh", pipe]);
    expect(await reading).toBe("from a pipe");
  });

  test("may be what a shell's process substitution gives", async () => {
    const program = `
      import { passphraseInFile } from ${JSON.stringify(join(import.meta.dir, "given-passphrase.ts"))};
      console.log((await passphraseInFile(process.env["FILE"])).text);
    `;
    const script = 'run() { FILE=$1 "$0" -e "$program"; }; run <(sleep 0.1; echo "from a shell")';
    const { text, stderr } = await run(["bash", "-c", script, process.execPath], { env: { program } });
    expect({ text, stderr }).toEqual({ text: "from a shell\n", stderr: "" });
  });
});

describe("a descriptor", () => {
  /** Runs a shell command in which `read N` says what the descriptor N gives, as JSON. */
  const shell = (script: string, stdin = "") => {
    const program = `
      import { passphraseOfDescriptor } from ${JSON.stringify(join(import.meta.dir, "given-passphrase.ts"))};
      const given = await passphraseOfDescriptor(Number(process.env["FD"])).catch(({ code, message }) => ({ code, message }));
      console.log(JSON.stringify(given));
      if (process.env["THEN"]) Bun.spawnSync(["sh", "-c", process.env["THEN"]], { stdio: ["inherit", "inherit", "inherit"] });
    `;
    const read = `read_fd() { FD=$1 "$0" -e "$program"; }; ${script}`;
    return run(["bash", "-c", read, process.execPath], { env: { program }, stdin, cwd: folder });
  };

  test("gives its first line: of a pipe, a file, a here-document, and of one who takes their time", async () => {
    write("of a file\nmore\n");
    for (const [script, text] of [
      ["read_fd 3 3< <(echo of a pipe)", "of a pipe"],
      ["read_fd 3 3< passphrase", "of a file"],
      ["read_fd 9 9<<< 'of a text'", "of a text"],
      ["read_fd 3 3< <(printf 'in '; sleep 0.1; echo parts)", "in parts"],
    ] as const) {
      const { text: answer } = await shell(script);
      expect(JSON.parse(answer)).toEqual({ text, origin: `--passphrase-fd ${script.split(" ")[1]}` });
    }
  });

  test("that is standard input is read up to the line feed, and not an octet more", async () => {
    const { text } = await shell("THEN=cat read_fd 0", "first\nthe value\nbehind it");
    expect(text).toBe(
      `${JSON.stringify({ text: "first", origin: "--passphrase-fd 0" })}\nthe value\nbehind it`,
    );
  });

  test("that is not open, gives nothing or is a folder is refused", async () => {
    for (const [script, says] of [
      ["read_fd 7", "--passphrase-fd 7 cannot be read (EBADF)"],
      ["read_fd 3 3< /", "--passphrase-fd 3 cannot be read (EISDIR)"],
      ["read_fd 3 3< /dev/null", "--passphrase-fd 3 gives no passphrase"],
      ["read_fd 3 3< /dev/zero", "--passphrase-fd 3 gives is over 4096 bytes"],
    ] as const) {
      const { text } = await shell(script);
      expect(JSON.parse(text)).toEqual({ code: "no-private-key", message: expect.stringContaining(says) });
    }
  });

  test("that is a terminal would show what is typed", async () => {
    const program = `
      import { passphraseOfDescriptor } from ${JSON.stringify(join(import.meta.dir, "given-passphrase.ts"))};
      await passphraseOfDescriptor(0).catch(({ message }) => console.log(message));
    `;
    const { output } = await openTerminal([process.execPath, "-e", program]).exit;
    expect(output).toContain("--passphrase-fd 0 is a terminal");
  });
});
