import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { Problem } from "../problem.ts";
import { WireReader, wire, wireMpint, wireString } from "./wire.ts";

const reader = (bytes: Uint8Array) => new WireReader(bytes, (why) => new Problem("bad-signature", why));
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const why = (act: () => unknown) => refusal("bad-signature", act);

describe("the data types of SSH", () => {
  test("are those of RFC 4251", () => {
    expect(wire(699921578)).toEqual(hex("29b7f4aa"));
    expect(wireString("testing")).toEqual(hex("00 00 00 07 74 65 73 74 69 6e 67"));
    expect(wireMpint(hex("09a378f9b2e332a7"))).toEqual(hex("00 00 00 08 09 a3 78 f9 b2 e3 32 a7"));
    expect(wireMpint(hex("80"))).toEqual(hex("00 00 00 02 00 80"));
    expect(reader(hex("29b7f4aa")).uint32()).toBe(699921578);
    expect(reader(hex("ffffffff")).uint32()).toBe(4294967295);
    expect(reader(hex("00 00 00 07 74 65 73 74 69 6e 67")).text()).toBe("testing");
    expect(reader(hex("00 00 00 02 00 80")).mpint()).toEqual(hex("80"));
  });

  test("are refused where a length, a number or the end is wrong", async () => {
    expect(await why(() => reader(hex("00 00 00")).uint32())).toBe("it ends too early");
    expect(await why(() => reader(hex("00 00 00 02 41")).string())).toBe("it ends too early");
    expect(await why(() => reader(hex("ff ff ff ff 41")).string())).toBe("it ends too early");
    expect(await why(() => reader(hex("00 00 00 01 80")).mpint())).toContain("negative");
    for (const long of ["00 00 00 00", "00 00 00 01 00", "00 00 00 02 00 7f", "00 00 00 03 00 00 80"])
      expect(await why(() => reader(hex(long)).mpint())).toContain("shortest form");
    expect(await why(() => reader(hex("00")).end())).toBe("something stands behind its end");
  });

  test("come out as they went in, from whatever place in a buffer", () => {
    const numbers = fc.uint8Array({ minLength: 1, maxLength: 40 }).filter(([first]) => first !== 0);
    fc.assert(
      fc.property(
        fc.uint8Array(),
        numbers,
        fc.nat(0xffffffff),
        fc.nat(9),
        (string, number, count, before) => {
          const whole = wire(new Uint8Array(before), wireString(string), wireMpint(number), count);
          const read = reader(whole.subarray(before));
          expect(Uint8Array.from(read.string())).toEqual(string);
          expect(Uint8Array.from(read.mpint())).toEqual(number);
          expect(read.uint32()).toBe(count);
          read.end();
        },
      ),
    );
  });

  test("of whatever bytes are fields or a problem", () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.array(fc.constantFrom("string", "mpint", "uint32", "end")),
        (bytes, fields) => {
          const read = reader(bytes);
          try {
            for (const field of fields) read[field as "string"]();
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
          }
          expect(read.left).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
