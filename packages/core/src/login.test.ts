import { expect, test } from "bun:test";
import { parseCommit } from "./commit.ts";
import { challengePattern, loginText, webLoginText } from "./login.ts";
import { key, problemOf, storeId } from "./samples-for-tests.ts";

const login = {
  store: storeId,
  origin: "https://pstore.example.com",
  user: "alex",
  key: key("1"),
  challenge: "Zm9vYmFy_-9",
};

test("a login's text is of these very bytes", () => {
  expect(loginText(login)).toBe(
    `pstore login 1
store 4b2a7c1e-90d3-4f6a-8e15-2c7d90ab34ef
origin https://pstore.example.com
user alex
key openpgp:1111111111111111111111111111111111111111
challenge Zm9vYmFy_-9
`,
  );
});

test("a login to the web admin has a text of its own, of the same parts", () => {
  const [first, ...rest] = loginText(login).split("\n");
  expect(first).toBe("pstore login 1");
  expect(webLoginText(login)).toBe(["pstore web login 1", ...rest].join("\n"));
});

test.each([loginText, webLoginText])("every part of a login stands in its text: %p", (textOf) => {
  const texts = [
    login,
    { ...login, store: "11111111-1111-4111-8111-111111111111" },
    { ...login, origin: "https://pstore.example.com:8443" },
    { ...login, user: "alexa" },
    { ...login, key: key("2") },
    { ...login, challenge: "x" },
  ].map(textOf);
  expect(new Set(texts).size).toBe(texts.length);
});

test("a login's text is no commit's", () => {
  for (const text of [loginText(login), webLoginText(login)])
    expect(problemOf(() => parseCommit(text)).code).toBe("bad-commit");
});

test("a challenge is 1 to 128 characters of base64url, and so ends no line", () => {
  for (const text of ["x", "A-_9".repeat(32)]) expect(text).toMatch(challengePattern);
  for (const text of ["", "x".repeat(129), "a b", "a\n", "\na", "a\nb", "a+b", "a/b", "a=", "a\u2028", "é"])
    expect(text).not.toMatch(challengePattern);
});
