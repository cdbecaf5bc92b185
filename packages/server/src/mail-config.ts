import { readFileSync } from "node:fs";
import { isMailAddress } from "@pstore/core/mail-address";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { isLoopback } from "./loopback.ts";

export interface MailOptions {
  readonly smtpUrl?: string | undefined;
  readonly smtpPasswordFile?: string | undefined;
  readonly mailFrom?: string | undefined;
  readonly adminMail?: readonly string[] | undefined;
}

/** How mails are sent. */
export interface MailConfig {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte; `starttls`: before anything is said, or not at all. */
  readonly security: "tls" | "starttls" | "none";
  readonly login: { readonly user: string; readonly password: string } | null;
  /** The sender's address. */
  readonly from: string;
  /** Who is told what admins are told, beside the superusers. */
  readonly adminMail: readonly string[];
}

const form = "smtp://[USER@]HOST[:PORT][?starttls=yes|no] or smtps://[USER@]HOST[:PORT]";

/**
 * What the options of mail say; `null` when no mails are to be sent.
 * @throws Problem `usage`; none of them repeats the URL or the password
 */
export function mailConfig(options: MailOptions): MailConfig | null {
  const { smtpUrl, smtpPasswordFile, mailFrom, adminMail = [] } = options;
  if (smtpUrl === undefined) {
    const name =
      smtpPasswordFile !== undefined
        ? "--smtp-password-file"
        : mailFrom !== undefined
          ? "--mail-from"
          : "--admin-mail";
    if (smtpPasswordFile === undefined && mailFrom === undefined && adminMail.length === 0) return null;
    throw new Problem("usage", `${name} needs --smtp-url, which says where mails are sent to`);
  }
  const { user, ...server } = readUrl(smtpUrl);
  if (mailFrom === undefined) {
    throw new Problem("usage", "--smtp-url needs --mail-from, the address that mails are sent from");
  }
  if ((user === null) !== (smtpPasswordFile === undefined)) {
    throw new Problem(
      "usage",
      user === null
        ? "--smtp-password-file needs a user in --smtp-url: smtp://USER@HOST"
        : "the user in --smtp-url needs --smtp-password-file, whose first line is the password",
    );
  }
  if (user !== null && server.security === "none" && !isLoopback(server.host)) {
    throw new Problem(
      "usage",
      "the password would go to the mail server in clear; leave starttls=no out of --smtp-url, or the user",
    );
  }
  return {
    ...server,
    login:
      user === null || smtpPasswordFile === undefined
        ? null
        : { user, password: firstLine(smtpPasswordFile) },
    from: address("--mail-from", mailFrom),
    adminMail: adminMail.map((one) => address("--admin-mail", one)),
  };
}

function readUrl(
  text: string,
): Pick<MailConfig, "host" | "port" | "security"> & { readonly user: string | null } {
  const url = URL.parse(text);
  if (url !== null && url.password !== "") {
    throw new Problem(
      "usage",
      "the mail server's password does not belong into --smtp-url, where others can see it; put it into a file and name that with --smtp-password-file",
    );
  }
  const host = /^\[?([0-9A-Za-z.:-]+)\]?$/.exec(url?.hostname ?? "")?.[1];
  const starttls = url?.searchParams.get("starttls") ?? null;
  const isTls = url?.protocol === "smtps:";
  const isKnown =
    url !== null &&
    (isTls || url.protocol === "smtp:") &&
    (url.pathname === "" || url.pathname === "/") &&
    url.hash === "" &&
    (url.search === "" || (!isTls && /^\?starttls=(?:yes|no)$/.test(url.search)));
  const user = url === null ? null : decoded(url.username);
  if (!isKnown || host === undefined || user === null) {
    throw new Problem("usage", `the mail server's URL is not of the form ${form}`);
  }
  const isPlain = starttls === "no" || (starttls === null && isLoopback(host));
  return {
    host,
    port: url.port === "" ? (isTls ? 465 : 25) : Number(url.port),
    security: isTls ? "tls" : isPlain ? "none" : "starttls",
    user: user === "" ? null : user,
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function address(option: string, text: string): string {
  if (isMailAddress(text)) return text;
  throw new Problem("usage", `the value '${asciiLine(text)}' of ${option} is no e-mail address`);
}

function firstLine(file: string): string {
  let line: string | undefined;
  try {
    line = readFileSync(file, "utf8").split(/\r?\n/, 1)[0];
  } catch (error) {
    throw new Problem("usage", `the mail server's password cannot be read (${(error as Error).message})`);
  }
  if (line === undefined || line === "")
    throw new Problem(
      "usage",
      `the file ${asciiLine(file)} has no password of the mail server in its first line`,
    );
  return line;
}
