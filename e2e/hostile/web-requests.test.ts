// Requests to the web admin that no browser sends of itself: paths, headers, methods and parameters that mean something else
// to one reader than to another.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sendRaw, statusOf } from "../support/raw-http.ts";
import type { TestServer } from "../support/server.ts";
import { staffPassword, startStaff, succeeds, visitorOf } from "../support/web-staff.ts";
import type { WebVisitor } from "../support/web-visitor.ts";

let server: TestServer;
let root: WebVisitor;
let plain: WebVisitor;

beforeAll(async () => {
  server = await startStaff();
  root = await visitorOf(server, "root");
  plain = await visitorOf(server, "plain");
});
afterAll(() => server.dispose());

const host = () => new URL(server.url).host;

/** Sends a request line and headers as they stand. */
async function ask(line: string, headers: readonly string[] = [], body = ""): Promise<string> {
  const head = headers.some((header) => /^host:/i.test(header)) ? headers : [`Host: ${host()}`, ...headers];
  return await sendRaw(server.url, [line, ...head, "Connection: close", "", body].join("\r\n"));
}

const location = (answer: string) => /\r\nlocation: ([^\r\n]*)/i.exec(answer)?.[1];

describe("a path", () => {
  const tricks = [
    "//evil.example",
    "//evil.example/%2f..",
    "/\\evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/..%2f..%2fetc/passwd",
    "/../../etc/passwd",
    "/assets/..%2f..%2fetc%2fpasswd",
    "/assets/__proto__",
    "/assets/constructor",
    "/users/%2e%2e%2flog",
    "/users/..;/log",
    "/log%00.css",
    "/log;.css",
    "/log/",
    "/LOG",
    "//log",
    "/./log/.",
    "/%6cog",
    "/users/%00",
    "/users/%E0%A4%A",
    "/users/%",
    "/users/%ff%fe",
    "/users/plain%0d%0aSet-Cookie:%20a=b",
    "/users/constructor",
    "/users/__proto__",
    `/users/${"a".repeat(5000)}`,
    "/objects/%2e%2e",
    "/objects/0/withhold",
    "/sign-in/link/..%2f..%2flog",
    "/sign-in/link/%0d%0aSet-Cookie:a=b",
  ];

  test("leads nobody elsewhere, breaks nothing, and is no way around a fence", async () => {
    for (const path of tricks) {
      for (const who of ["", plain.cookie, root.cookie]) {
        const answer = await ask(`GET ${path} HTTP/1.1`, who === "" ? [] : [`Cookie: ${who}`]);
        const status = statusOf(answer);
        expect([path, status < 500, location(answer) ?? "/"]).toEqual([
          path,
          true,
          expect.stringMatching(/^\/(?![/\\])/),
        ]);
        expect(answer).not.toMatch(/\r\nset-cookie:/i);
        if (who === plain.cookie) expect([path, answer.includes("<h1>Log</h1>")]).toEqual([path, false]);
        expect([path, answer.includes("root:x:0")]).toEqual([path, false]);
      }
    }
    expect(server.output).not.toMatch(/request [0-9a-f-]{36}:/);
  });

  test("of any length is answered, or refused, and the server goes on", async () => {
    for (const length of [8_000, 16_000, 100_000, 1_000_000]) {
      const status = statusOf(
        await ask(`GET /users/${"a".repeat(length)} HTTP/1.1`, [`Cookie: ${plain.cookie}`]),
      );
      expect([length, [0, 400, 404, 414, 431].includes(status)]).toEqual([length, true]);
      const fat = statusOf(
        await ask("GET /users HTTP/1.1", [`Cookie: ${plain.cookie}; x=${"a".repeat(length)}`]),
      );
      expect([length, [0, 200, 431].includes(fat)]).toEqual([length, true]);
    }
    expect((await plain.get("/users")).status).toBe(200);
  });
});

describe("a header", () => {
  test("about where the server is reached changes nothing", async () => {
    const lies = [
      ["Host: evil.example"],
      ["Host: evil.example:80/x?"],
      ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "Forwarded: host=evil.example"],
      ["X-Original-URL: /log", "X-Rewrite-URL: /log", "X-Forwarded-Prefix: //evil.example"],
      ["X-HTTP-Method-Override: POST", "X-Method-Override: DELETE"],
    ];
    for (const headers of lies) {
      const nobody = await ask("GET /users HTTP/1.1", headers);
      expect([headers, statusOf(nobody), location(nobody) ?? ""]).toEqual([
        headers,
        303,
        expect.stringMatching(/^\/sign-in/),
      ]);
      const answer = await ask("GET /users HTTP/1.1", [...headers, `Cookie: ${plain.cookie}`]);
      expect([headers, statusOf(answer), answer.includes("<h1>Users</h1>"), answer.includes("evil")]).toEqual(
        [headers, 200, true, false],
      );
    }
  });

  test("of another host does not make that host's forms ours", async () => {
    const body = `name=plain&password=${encodeURIComponent(staffPassword)}`;
    const answer = await ask(
      "POST /sign-in HTTP/1.1",
      [
        "Host: evil.example",
        "X-Forwarded-Host: evil.example",
        "Origin: http://evil.example",
        "Content-Type: application/x-www-form-urlencoded",
        `Content-Length: ${body.length}`,
      ],
      body,
    );
    expect(statusOf(answer)).toBe(403);
  });

  test("of a request for a whole URL changes nothing either", async () => {
    const answer = await ask("GET http://evil.example/users HTTP/1.1", [`Cookie: ${plain.cookie}`]);
    expect([200, 400]).toContain(statusOf(answer));
    expect(answer).not.toContain("evil.example");
  });

  test("that tells two lengths of a body, or a body of two kinds, smuggles no second request", async () => {
    const second = `GET /healthz HTTP/1.1\r\nHost: ${host()}\r\nConnection: close\r\n\r\n`;
    const first = `POST /healthz HTTP/1.1\r\nHost: ${host()}\r\n`;
    const answers = await Promise.all([
      sendRaw(server.url, `${first}Content-Length: 0\r\nContent-Length: ${second.length}\r\n\r\n${second}`),
      sendRaw(
        server.url,
        `${first}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
      ),
      sendRaw(server.url, `${first}Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n${second}`),
      sendRaw(server.url, `${first}Transfer-Encoding: x, chunked\r\nContent-Length: 0\r\n\r\n${second}`),
    ]);
    // Without what is doubtful in the first, the second is answered.
    expect(await sendRaw(server.url, `${first}Content-Length: 0\r\n\r\n${second}`)).toContain("\r\n\r\nok\n");
    for (const answer of answers) expect(answer).not.toContain("\r\n\r\nok\n");
  });
});

test("a method that a page does not have changes nothing, and is answered with an error or with nothing", async () => {
  const cookie = `Cookie: ${root.cookie}`;
  for (const method of ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND", "FOO", "post", "CONNECT"]) {
    for (const path of ["/users/plain/disable", "/users/plain/delete", "/sign-out", "/log"]) {
      const answer = await ask(`${method} ${path} HTTP/1.1`, [
        cookie,
        `Origin: ${server.url}`,
        "X-Echo: canary",
      ]);
      const status = statusOf(answer);
      expect([method, path, status === 0 || (status >= 400 && status <= 501 && status !== 500)]).toEqual([
        method,
        path,
        true,
      ]);
      expect([method, answer.includes("canary"), /access-control-allow/i.test(answer)]).toEqual([
        method,
        false,
        false,
      ]);
    }
  }
  const overridden = await root.post("/users/plain/edit?_method=DELETE", { _method: "DELETE" });
  expect(overridden.status).toBe(403);
  const head = await ask("HEAD /users HTTP/1.1", [cookie]);
  expect([statusOf(head), head.split("\r\n\r\n")[1]]).toEqual([200, ""]);
  expect(await succeeds(server, "user", "show", "plain")).toContain("active");
});
