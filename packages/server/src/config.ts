import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Problem } from "@pstore/core/problem";
import type { Location } from "./database/open.ts";
import { TrustedProxies } from "./http/address.ts";
import { type MailConfig, type MailOptions, mailConfig } from "./mail-config.ts";

/** The environment, read where the program starts and nowhere else. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Options {
  readonly database?: string | undefined;
}

/**
 * Where the database is: `--database`, else `PSTORE_DATABASE`, else `/var/lib/pstore/store.db` for root and
 * `$XDG_DATA_HOME/pstore-server/store.db` for others.
 * @throws Problem `usage` when the URL is none that this version knows
 */
export function databaseLocation(options: Options, env: Environment): Location {
  const url = options.database ?? nonEmpty(env["PSTORE_DATABASE"]);
  if (url === undefined) return { path: defaultPath(env) };
  const path = /^sqlite:(.+)$/s.exec(url)?.[1];
  if (path === undefined) {
    throw new Problem(
      "usage",
      `the database '${url}' is not of the form sqlite:PATH, the one kind there is so far`,
    );
  }
  return { path: resolve(path) };
}

function defaultPath(env: Environment): string {
  if (process.getuid?.() === 0) return "/var/lib/pstore/store.db";
  const home = nonEmpty(env["HOME"]) ?? homedir();
  return join(nonEmpty(env["XDG_DATA_HOME"]) ?? join(home, ".local/share"), "pstore-server", "store.db");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}

export interface ServeOptions extends MailOptions {
  readonly listen?: string | undefined;
  readonly publicUrls?: readonly string[] | undefined;
  readonly trustedProxies?: readonly string[] | undefined;
  readonly sessionTime?: string | undefined;
  readonly maxUploadSize?: string | undefined;
  readonly keepHistory?: string | undefined;
  readonly logFormat?: string | undefined;
}

export const logFormats = ["none", "journal", "syslog", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

export interface ServeConfig {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The origins of the public URLs; none: loopback only. */
  readonly origins: readonly string[];
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: TrustedProxies;
  /** In seconds. */
  readonly sessionTime: number;
  /** In bytes. */
  readonly maxUploadSize: number;
  /** In days. */
  readonly keepHistory: number;
  /** `null`: nobody said. */
  readonly logFormat: LogFormat | null;
  /** `null`: none is sent. */
  readonly mail: MailConfig | null;
}

export const defaults = {
  listen: "127.0.0.1:8000",
  /** In seconds: 15 minutes. */
  sessionTime: 900,
  /** In bytes: 16 GiB. (Written out: shifts are of 32 bits in this language.) */
  maxUploadSize: 17_179_869_184,
  /** In days. */
  keepHistory: 30,
} as const;

/** @throws Problem `usage` */
export function serveConfig(options: ServeOptions, env: Environment): ServeConfig {
  const listen = options.listen ?? nonEmpty(env["PSTORE_LISTEN"]) ?? defaults.listen;
  const urls = options.publicUrls ?? listOf(env["PSTORE_PUBLIC_URL"]);
  return {
    ...parseListen(listen),
    origins: urls.filter((url) => url !== "").map(parseOrigin),
    trustedProxies: parseProxies(options.trustedProxies ?? listOf(env["PSTORE_TRUSTED_PROXY"])),
    sessionTime: wholeNumber(
      "session time",
      options.sessionTime ?? nonEmpty(env["PSTORE_SESSION_TIME"]),
      defaults.sessionTime,
      { least: 1, most: 86_400 },
    ),
    maxUploadSize: wholeNumber(
      "largest upload",
      options.maxUploadSize ?? nonEmpty(env["PSTORE_MAX_UPLOAD_SIZE"]),
      defaults.maxUploadSize,
      { least: 1, most: 2 ** 40 },
    ),
    keepHistory: wholeNumber(
      "number of days to keep history",
      options.keepHistory ?? nonEmpty(env["PSTORE_KEEP_HISTORY"]),
      defaults.keepHistory,
      { least: 0, most: 36_500 },
    ),
    logFormat: parseLogFormat(options.logFormat ?? nonEmpty(env["PSTORE_LOG_FORMAT"])),
    mail: mailConfig({
      smtpUrl: options.smtpUrl ?? nonEmpty(env["PSTORE_SMTP_URL"]),
      smtpPasswordFile: options.smtpPasswordFile ?? nonEmpty(env["PSTORE_SMTP_PASSWORD_FILE"]),
      mailFrom: options.mailFrom ?? nonEmpty(env["PSTORE_MAIL_FROM"]),
      adminMail: options.adminMail ?? nonEmpty(env["PSTORE_ADMIN_MAIL"]?.trim())?.split(/\s+/),
    }),
  };
}

function parseLogFormat(text: string | undefined): LogFormat | null {
  if (text === undefined) return null;
  const format = logFormats.find((one) => one === text);
  if (format !== undefined) return format;
  throw new Problem("usage", `the log format '${text}' is none of ${logFormats.join(", ")}`);
}

function parseListen(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new Problem("usage", `'${text}' is not of the form HOST:PORT (an IPv6 address stands in brackets)`);
  }
  return { host, port: Number(port) };
}

function parseOrigin(text: string): string {
  const url = URL.parse(text);
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isWeb || url.username !== "" || url.password !== "") {
    throw new Problem("usage", `'${text}' is no public URL; give one like https://pstore.example.com`);
  }
  return url.origin;
}

/** The words of a variable that holds several. */
function listOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

function parseProxies(texts: readonly string[]): TrustedProxies {
  const proxies = new TrustedProxies();
  const wrong = texts.find((text) => !proxies.add(text));
  if (wrong === undefined) return proxies;
  throw new Problem(
    "usage",
    `the trusted proxy '${wrong}' is neither an address like 192.0.2.1 or 2001:db8::1, nor a network like 10.0.0.0/8`,
  );
}

/** @throws Problem `usage` */
export function wholeNumber(
  what: string,
  text: string | undefined,
  otherwise: number,
  { least, most }: { least: number; most: number },
): number {
  if (text === undefined) return otherwise;
  const value = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Problem("usage", `the ${what} '${text}' is no whole number from ${least} to ${most}`);
}
