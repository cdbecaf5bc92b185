import { expect, test } from "bun:test";
import { nextPath, pathBefore } from "./next-path.ts";

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

test.each([
  ["https://store.example/users?text=a&done=saved", "/users?text=a"],
  ["https://store.example//evil.example/", "/"],
  ["https://store.example/sign-in/link/x", "/"],
  ["https://evil.example/users", "/"],
  ["https://store.example.evil.example/users", "/"],
  ["about:blank", "/"],
  ["", "/"],
])("of the page before, %p, what is ours is %p", (referer, path) => {
  const request = new Request("https://store.example/log", { headers: { referer } });
  expect(pathBefore(request, ["https://store.example"])).toBe(path);
});
