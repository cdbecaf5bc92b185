import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkMayFit, type Naming, nameVariables, variableName, variableValue } from "./variables.ts";

const free: Naming = { prefix: "", only: [], isSet: () => false };
const on = (machine: string, ...properties: readonly string[]) =>
  properties.map((property) => ({ machine, property }));
const named = { machine: "db3", property: "x", variable: "X" };
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("the name of a variable", () => {
  test.each([
    ["password", "", "PASSWORD"],
    ["ssl-cert.key", "", "SSL_CERT_KEY"],
    ["2fa", "", "_2FA"],
    ["2fa", "DB_", "DB_2FA"],
    ["a/b=c d", "", "A_B_C_D"],
    ["password", "app_", "app_PASSWORD"],
    ["password", "{machine}_", "DB3_EXAMPLE_COM_PASSWORD"],
    ["password", "X{machine}{machine}", "XDB3_EXAMPLE_COMDB3_EXAMPLE_COMPASSWORD"],
  ])("of %s with the prefix '%s' is %s", (property, prefix, variable) => {
    expect(variableName({ machine: "db3.example.com", property }, prefix)).toBe(variable);
  });

  test("begins with _ where the machine begins with a digit", () => {
    expect(variableName({ machine: "10.0.0.1", property: "password" }, "{machine}_")).toBe(
      "_10_0_0_1_PASSWORD",
    );
  });

  test.each(["a-", "a=", "ä", " ", "{host}", "\n"])("cannot begin with '%s'", (prefix) => {
    expect(() => variableName({ machine: "db3", property: "password" }, prefix)).toThrow("--prefix");
  });

  test("is one for every name that there can be", () => {
    const name = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)) });
    fc.assert(
      fc.property(name, name, fc.constantFrom("", "{machine}_", "APP_"), (machine, property, prefix) => {
        fc.pre(property !== "");
        const variable = variableName({ machine, property }, prefix);
        expect(variable).toMatch(/^[A-Z_][A-Z0-9_]*$/);
        expect(variableName({ machine, property: property.toUpperCase() }, prefix)).toBe(variable);
      }),
    );
  });
});

describe("the variables of several properties", () => {
  test("are each a property's own", () => {
    expect(() => nameVariables(on("db3", "a-b", "c", "a.b"), free)).toThrow(
      "'a-b' of 'db3' and 'a.b' of 'db3' would both be the variable A_B; name the properties that you want with --only",
    );
    expect(() => nameVariables([...on("db3", "a"), ...on("db4", "a")], free)).toThrow(
      "'a' of 'db3' and 'a' of 'db4' would both be the variable A; keep them apart with --prefix '{machine}_'",
    );
    const apart = nameVariables([...on("db3", "a"), ...on("db4", "a")], { ...free, prefix: "{machine}_" });
    expect(apart.map(({ variable }) => variable)).toEqual(["DB3_A", "DB4_A"]);
  });

  test.each(["path", "ld-preload", "git-ssh-command", "borg_rsh", "wgetrc"])(
    "do not steer programs: %s",
    (property) => {
      expect(() => nameVariables(on("db3", "password", property), free)).toThrow(
        /'.*' of 'db3' would set \w+, which can change how programs load or run; .* --only, or give a --prefix/,
      );
      const only = [property];
      expect(nameVariables(on("db3", property), { ...free, only })).toHaveLength(1);
      expect(nameVariables(on("db3", property), { ...free, prefix: "DB3_" })[0]?.variable).toMatch(/^DB3_/);
    },
  );

  test("take the place of none that is there, unless the property is named", () => {
    const naming = { ...free, isSet: (variable: string) => variable === "REGION" };
    expect(() => nameVariables(on("db3", "region"), naming)).toThrow(
      "'region' of 'db3' would set REGION, which is set already; name the properties that you want with --only",
    );
    expect(nameVariables(on("db3", "region"), { ...naming, only: ["region"] })[0]?.variable).toBe("REGION");
  });

  test("a prefix lets nobody steer programs either", () => {
    expect(() => nameVariables(on("db3", "preload"), { ...free, prefix: "LD_" })).toThrow("LD_PRELOAD");
    expect(() => nameVariables(on("db3", "path"), { ...free, prefix: "python" })).toThrow("pythonPATH");
  });
});

describe("the value of a variable", () => {
  test("is the property's, byte for byte", () => {
    for (const text of ["", "x", "line\n", "\ufeffx", "pässwörd \u{1f511}\r\n\t"])
      expect(utf8(variableValue(named, utf8(text)))).toEqual(utf8(text));
  });

  test("holds no zero byte, and is text", () => {
    expect(() => variableValue(named, utf8("a\0b"))).toThrow("'x' of 'db3' holds a zero byte");
    expect(() => variableValue(named, Uint8Array.of(0xff))).toThrow("'x' of 'db3' is no UTF-8 text");
  });

  test("has the room that Linux gives it", () => {
    const most = 128 * 1024 - "X=".length - 1;
    expect(variableValue(named, new Uint8Array(most).fill(65))).toHaveLength(most);
    expect(() => variableValue(named, new Uint8Array(most + 1).fill(65))).toThrow(
      `'x' of 'db3' has ${most + 1} bytes, more than a variable holds`,
    );
    expect(() => checkMayFit(named, most + 300)).not.toThrow();
    expect(() => checkMayFit(named, 10_000_000)).toThrow("'x' of 'db3' has 10000000 bytes");
  });
});
