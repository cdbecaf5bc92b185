import { expect, test } from "bun:test";
import type { FinishedRequest } from "../finished-request.ts";
import type { AuditRow } from "../services/audit.ts";
import { auditEntry, type Entry, requestEntry } from "./entry.ts";
import { journal, json, syslog } from "./formats.ts";
import { makeLog } from "./log.ts";

const row: AuditRow = {
  id: "019ab000-0000-7000-8000-000000000000",
  time: "2026-11-23T16:30:57.123Z",
  user_name: "joe",
  fingerprint: "openpgp:0123",
  action: "read",
  object_id: "9b2f",
  object_name: "web 1",
  property: "password",
  address: "192.0.2.1",
  outcome: "ok",
  detail: "revision 3",
};
const rfc5424 = syslog("db1.example.com", 42);

test("the journal gets a priority and logfmt, empty fields left out", () => {
  expect(journal(auditEntry({ ...row, property: "" }))).toBe(
    '<6>audit user=joe action=read object="web 1" outcome=ok detail="revision 3" address=192.0.2.1 key=openpgp:0123 objectId=9b2f id=019ab000-0000-7000-8000-000000000000 time=2026-11-23T16:30:57.123Z',
  );
});

test("syslog gets RFC 5424 with structured data", () => {
  expect(rfc5424(auditEntry(row))).toBe(
    '<86>1 2026-11-23T16:30:57.123Z db1.example.com pstore-server 42 audit [pstore@32473 user="joe" action="read" object="web 1" property="password" outcome="ok" detail="revision 3" address="192.0.2.1" key="openpgp:0123" objectId="9b2f" id="019ab000-0000-7000-8000-000000000000"]',
  );
  expect(syslog("höst", 1)(auditEntry(row))).toStartWith("<86>1 2026-11-23T16:30:57.123Z - pstore-server 1 ");
});

test("JSON has every field, as 'audit --json' has them, and the severity", () => {
  expect(JSON.parse(json(auditEntry(row)))).toEqual({
    time: row.time,
    severity: "info",
    kind: "audit",
    user: "joe",
    action: "read",
    object: "web 1",
    property: "password",
    outcome: "ok",
    detail: "revision 3",
    address: "192.0.2.1",
    key: "openpgp:0123",
    objectId: "9b2f",
    id: row.id,
  });
});

test("a refused sign-in is a warning, another refusal a notice", () => {
  const levels = ["sign-in-refused", "forbidden"].map((outcome) => {
    const entry = auditEntry({ ...row, outcome });
    return [journal(entry), rfc5424(entry)].map((line) => /^<(\d+)>/.exec(line)?.[1]);
  });
  expect(levels).toEqual([
    ["4", "84"],
    ["5", "85"],
  ]);
  const message: Entry = { kind: "message", severity: "error", time: row.time, fields: { message: "no" } };
  expect([journal(message), rfc5424(message)].map((line) => /^<(\d+)>/.exec(line)?.[1])).toEqual(["3", "27"]);
});

// What a user might choose as a name or text, to have it read as another field, or another line.
const forgeries = [
  'x outcome=ok user="admin"',
  'x" outcome="forbidden',
  'x\\" outcome="forbidden',
  'x"] [pstore@32473 user="admin"',
  "x\n<6>audit user=admin action=delete",
  "x\r\n<86>1 2026-11-23T16:30:57.123Z h pstore-server 1 audit [pstore@32473]",
  '"}\n{"user":"admin"}',
  "x\u0000\u001b[2J\u0085\u2028\u2029\u202e\ud800",
  "=",
  "\\",
  "]",
];
for (const text of forgeries) {
  const entry = auditEntry({ ...row, object_name: text, detail: text, user_name: text });
  const lines = [journal(entry), rfc5424(entry), json(entry)];

  test(`stays within its field, on one line of printable ASCII: ${JSON.stringify(text)}`, () => {
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]+$/);
    const [logfmt = "", structured = "", object = ""] = lines;
    const given = { user: text, object: text, detail: text };
    expect(readLogfmt(logfmt.slice("<6>audit ".length))).toMatchObject({
      ...given,
      action: "read",
      outcome: "ok",
    });
    expect(JSON.parse(object)).toMatchObject({ ...given, action: "read", outcome: "ok" });
    const parameters = readStructuredData(structured.slice(structured.indexOf("[")));
    expect(Object.keys(parameters)).toEqual(Object.keys(entry.fields));
    expect(parameters).toMatchObject({ action: "read", outcome: "ok", property: "password" });
  });
}

/** A strict reader of logfmt, which fails at whatever it does not expect. */
function readLogfmt(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const pair = /([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?: |$)/y;
  while (pair.lastIndex < text.length) {
    const [, name = "", value = ""] = pair.exec(text) ?? [];
    if (name === "" || name in found) throw new Error(`not logfmt: ${text}`);
    found[name] = value.startsWith('"') ? JSON.parse(value) : value;
  }
  return found;
}

/** The same for one element of RFC 5424's structured data, to its end. */
function readStructuredData(text: string): Record<string, string> {
  const element = /^\[pstore@32473((?: [a-zA-Z]+="(?:[^"\\\]]|\\["\\\]])*")*)\]$/.exec(text);
  if (element === null) throw new Error(`not structured data: ${text}`);
  const parameters = [...(element[1] ?? "").matchAll(/ ([a-zA-Z]+)="((?:[^"\\\]]|\\["\\\]])*)"/g)];
  return Object.fromEntries(parameters.map(([, name = "", value = ""]) => [name, value]));
}

const request: FinishedRequest = {
  id: "request-1",
  method: "GET",
  route: "/api/v1/objects/:id/value",
  status: 200,
  seconds: 0.01234,
  bytes: 512,
  user: "joe",
  address: "192.0.2.1",
};

test("an answered request has the same fields in every format; what the server failed at is a warning", () => {
  const fields =
    "request=request-1 method=GET route=/api/v1/objects/:id/value status=200 milliseconds=12.3 bytes=512 user=joe address=192.0.2.1";
  expect(journal(requestEntry(request))).toStartWith(`<6>request ${fields} time=`);
  expect(rfc5424(requestEntry({ ...request, user: "", status: 503 }))).toMatch(
    /^<28>1 \S+ db1\.example\.com pstore-server 42 request \[pstore@32473 request="request-1" method="GET"/,
  );
  expect(JSON.parse(json(requestEntry(request)))).toMatchObject({
    ...{ kind: "request", severity: "info", request: "request-1", status: "200", user: "joe" },
  });
});

test("for people a request is a sentence, of one line whatever the user is called", () => {
  const lines: string[] = [];
  const log = makeLog("none", (line) => lines.push(line));
  log.request({ ...request, user: "j\noe" });
  log.request({ ...request, user: "" });
  log.message("error", "it broke", "request-1");
  expect(lines).toEqual([
    expect.stringMatching(
      /^pstore-server: request request-1: GET \S+ by j\S+oe at 192\.0\.2\.1 was [^\n]* 12\.3 ms\n$/,
    ),
    "pstore-server: request request-1: GET /api/v1/objects/:id/value by 192.0.2.1 was answered with 200 and 512 bytes in 12.3 ms\n",
    "pstore-server: request request-1: it broke\n",
  ]);
});
