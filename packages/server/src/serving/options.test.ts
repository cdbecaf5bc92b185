import { expect, test } from "bun:test";
import { type Option, readOptions, variableOf } from "./option.ts";
import { serveOptions } from "./options.ts";

const options: readonly Option<unknown>[] = Object.values(serveOptions);

test.each(options.map((option) => [option.name, option] as const))(
  "the help of --%s names it, its variable and its default",
  (name, option) => {
    const words = option.help.replace(/\s+/g, " ");
    expect(words).toStartWith(` --${name} `);
    expect(words).toContain(variableOf(option));
    expect(words.includes("repeatable")).toBe(option.isRepeatable);
    const otherwise = option.read([]);
    if (typeof otherwise === "number") expect(words).toContain(`else ${otherwise}`);
    expect(option.help).toEndWith("\n");
    for (const line of option.help.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  },
);

test("the command line counts before the environment, and that before the default", () => {
  const env = {
    PSTORE_SESSION_TIME: "60",
    PSTORE_PUBLIC_URL: " https://a.example.com\nhttps://b.example.com ",
  };
  expect(readOptions(serveOptions, {}, {})).toMatchObject({
    listen: { host: "127.0.0.1", port: 8000 },
    origins: [],
    sessionTime: 900,
    maxUploadSize: 16 * 1024 ** 3,
    logFormat: null,
    smtpUrl: undefined,
  });
  expect(readOptions(serveOptions, {}, env)).toMatchObject({
    sessionTime: 60,
    origins: ["https://a.example.com", "https://b.example.com"],
  });
  const given = { "session-time": "61", "public-url": ["https://c.example.com/x"], listen: "[::1]:0" };
  expect(readOptions(serveOptions, given, env)).toMatchObject({
    listen: { host: "::1", port: 0 },
    sessionTime: 61,
    origins: ["https://c.example.com"],
  });
  // A variable that is set to nothing is as good as none.
  expect(readOptions(serveOptions, {}, { PSTORE_SESSION_TIME: "" }).sessionTime).toBe(900);
});
