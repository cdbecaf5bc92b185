import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mailConfig } from "./mail-config.ts";
import { serveConfig } from "./serving/config.ts";

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync("/tmp/p-");
  file = join(folder, "password");
  writeFileSync(file, "s3cret word\r\nmore\n");
  writeFileSync(join(folder, "empty"), "\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mailFrom = "pstore@example.com";
const server = { host: "mail.example.com", login: null, from: mailFrom, adminMail: [] };

test("a mail server is spoken to in clear on loopback, or where the URL says so, alone", () => {
  const read = (smtpUrl: string) => mailConfig({ smtpUrl, mailFrom });
  expect(read("smtp://mail.example.com")).toEqual({ ...server, port: 25, security: "starttls" });
  expect(read("smtp://mail.example.com:587/")).toEqual({ ...server, port: 587, security: "starttls" });
  expect(read("smtps://mail.example.com")).toEqual({ ...server, port: 465, security: "tls" });
  expect(read("smtp://mail.example.com?starttls=no")).toEqual({ ...server, port: 25, security: "none" });
  expect(read("smtp://localhost")).toMatchObject({ host: "localhost", security: "none" });
  expect(read("smtp://[::1]:2525")).toMatchObject({ host: "::1", port: 2525, security: "none" });
  expect(read("smtp://127.0.0.1?starttls=yes")).toMatchObject({ host: "127.0.0.1", security: "starttls" });
});

test("the password is the first line of the file, for the user of the URL", () => {
  expect(
    mailConfig({ smtpUrl: "smtp://joe%40example.com@mail.example.com", smtpPasswordFile: file, mailFrom }),
  ).toMatchObject({ login: { user: "joe@example.com", password: "s3cret word" } });
});

test("without a mail server there is nothing; the environment says what no option says", () => {
  expect(serveConfig({}, {}).mail).toBeNull();
  const env = {
    PSTORE_SMTP_URL: "smtp://joe@mail.example.com",
    PSTORE_SMTP_PASSWORD_FILE: file,
    PSTORE_MAIL_FROM: mailFrom,
    PSTORE_ADMIN_MAIL: "a@example.com b@example.com",
  };
  expect(serveConfig({}, env).mail).toMatchObject({ adminMail: ["a@example.com", "b@example.com"] });
  expect(serveConfig({ "admin-mail": ["c@example.com"] }, env).mail?.adminMail).toEqual(["c@example.com"]);
});

const form = "the mail server's URL is not of the form";
const url = "smtp://mail.example.com";
const withUser = "smtp://joe@mail.example.com";
test.each([
  [{ smtpUrl: "mail.example.com", mailFrom }, form],
  [{ smtpUrl: "http://mail.example.com", mailFrom }, form],
  [{ smtpUrl: "smtp://", mailFrom }, form],
  [{ smtpUrl: `${url}/x`, mailFrom }, form],
  [{ smtpUrl: `${url}?starttls=maybe`, mailFrom }, form],
  [{ smtpUrl: `${url}?tls=no`, mailFrom }, form],
  [{ smtpUrl: "smtps://mail.example.com?starttls=no", mailFrom }, form],
  [{ smtpUrl: "smtp://%ff@mail.example.com", mailFrom }, form],
  [{ smtpUrl: "smtp://joe:hunter2@mail.example.com", mailFrom }, "does not belong into --smtp-url"],
  [{ smtpUrl: url }, "--smtp-url needs --mail-from"],
  [{ smtpUrl: url, mailFrom: "pstore" }, "the value 'pstore' of --mail-from is no e-mail address"],
  [{ smtpUrl: url, mailFrom: "a@b.c\r\nBcc: d@e.f" }, "of --mail-from is no e-mail address"],
  [{ smtpUrl: url, mailFrom, adminMail: ["ops"] }, "the value 'ops' of --admin-mail is no e-mail address"],
  [{ smtpUrl: withUser, mailFrom }, "the user in --smtp-url needs --smtp-password-file"],
  [{ smtpUrl: url, mailFrom, smtpPasswordFile: "/x" }, "--smtp-password-file needs a user in --smtp-url"],
  [{ smtpUrl: withUser, mailFrom, smtpPasswordFile: "/nowhere" }, "cannot be read (ENOENT"],
  [{ smtpUrl: `${withUser}?starttls=no`, mailFrom, smtpPasswordFile: "/x" }, "in clear"],
  [{ mailFrom }, "--mail-from needs --smtp-url"],
  [{ adminMail: [mailFrom] }, "--admin-mail needs --smtp-url"],
  [{ smtpPasswordFile: "/x" }, "--smtp-password-file needs --smtp-url"],
])("refuses %j with a sentence", (options, sentence) => {
  let message = "";
  try {
    mailConfig(options);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain(sentence);
  expect(message).not.toContain("hunter2");
});

test("an empty password file is refused", () => {
  const smtpPasswordFile = join(folder, "empty");
  expect(() => mailConfig({ smtpUrl: withUser, mailFrom, smtpPasswordFile })).toThrow("has no password");
});
