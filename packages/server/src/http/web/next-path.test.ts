import { expect, test } from "bun:test";
import { nextPath } from "./next-path.ts";

test.each([
  "/",
  "/users",
  "/users/joe?text=a%26b&after=x",
  "/log?kind=web%20sign%20in",
  "/key?fingerprint=ssh:a+b/c=",
])("%p is a page of ours", (path) => {
  expect(nextPath(path)).toBe(path);
});

test.each([
  undefined,
  "",
  "users",
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/users\\..\\..\\evil",
  "/.//evil.example",
  "/..//evil.example",
  "/x/..//evil.example",
  "/%2e//evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "\t//evil.example",
  " //evil.example",
  "/ /evil.example",
  "/\0",
  "/users\r\nset-cookie: a=b",
  "https://evil.example",
  "https:evil.example",
  "http://pstore.invalid/users",
  "javascript:alert(1)",
  "data:text/html,x",
  "/é",
  "/users#fragment",
  "/sign-in",
  "/sign-in?next=/sign-in",
  "/sign-in/link/x",
  "/sign-out",
])("%p leads home", (path) => {
  expect(nextPath(path)).toBe("/");
});
