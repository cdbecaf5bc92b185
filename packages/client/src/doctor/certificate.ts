import { accessSync, constants } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, connect, type PeerCertificate } from "node:tls";
import type { Authorities } from "../http/authorities.ts";
import { lacksTls } from "../http/transport.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fault, faultBy, ok, skipped, warning } from "./finding.ts";
import { proxyFor } from "./proxy.ts";

const check = "certificate";

/** How long a host may take to show its certificate, in milliseconds. */
const patience = 10_000;

/** The warning of a certificate's end comes so many days ahead. */
const warningDays = 21;
const day = 86_400_000;

/** Whether each URL's certificate holds, and for how long: also where every request is refused for it. */
export async function* checkCertificate({ options, env, authorities }: Examination): AsyncGenerator<Finding> {
  if (options.storeUrls.length === 0) yield skipped(check, "no store is named");
  for (const url of options.storeUrls) {
    const isSecure = new URL(url).protocol === "https:";
    if (isSecure && proxyFor(url, env) !== null) {
      const told = "what it lacks, if anything, the line of the store says";
      yield skipped(check, `${url} is reached through a proxy`, told);
    } else if (isSecure) yield await certificateOf(url, authorities, env["NODE_EXTRA_CA_CERTS"]);
    else if (!lacksTls(url)) yield ok(check, `${url} is this host itself, and needs no TLS`);
    else if (options.allowHttp) {
      yield warning(
        check,
        `${url} is spoken to without TLS`,
        "have the server put behind TLS, and use https://",
      );
    } else yield skipped(check, `${url} is not spoken to`);
  }
}

async function certificateOf(
  url: string,
  authorities: Authorities,
  further: string | undefined,
): Promise<Finding> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  let ca: string | null;
  try {
    ca = authorities.pem();
  } catch (error) {
    return faultBy(check, error);
  }
  let shown: Shown;
  try {
    shown = await show(host, Number(port || 443), ca);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return skipped(
      check,
      `${url} shows none (${code ?? message})`,
      "check that a server with TLS listens there",
    );
  }
  const named =
    authorities.file !== null
      ? { by: "--ca-file", file: authorities.file }
      : further
        ? { by: "NODE_EXTRA_CA_CERTS", file: further }
        : null;
  return judge({ url, host, named, ...shown });
}

interface Shown {
  readonly certificate: PeerCertificate;
  /** Why it is not believed, as OpenSSL's codes say it; `null` when it is. */
  readonly refusal: string | null;
}

/** Where authorities were named. */
interface Named {
  readonly by: string;
  readonly file: string;
}

/**
 * The certificate of a host, whatever it is worth: nothing is sent over this connection.
 * @param ca the authorities to believe (PEM); `null`: those that this runtime knows
 */
function show(host: string, port: number, ca: string | null): Promise<Shown> {
  const { promise, resolve, reject } = Promise.withResolvers<Shown>();
  const socket = connect(
    {
      ...{ host, port, rejectUnauthorized: false },
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca }),
    },
    () => {
      const { authorizationError } = socket;
      // It is a text, whatever its type says.
      const refusal = authorizationError === null ? null : String(authorizationError ?? "unknown");
      resolve({ certificate: socket.getPeerCertificate(), refusal: socket.authorized ? null : refusal });
      socket.destroy();
    },
  );
  socket.setTimeout(patience, () => socket.destroy(new Error(`no answer for ${patience / 1000} seconds`)));
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("the connection broke off")));
  return promise;
}

function judge(about: Shown & { url: string; host: string; named: Named | null }): Finding {
  const { url, host, certificate, refusal, named } = about;
  const issuer = nameOf(certificate.issuer);
  const from = new Date(certificate.valid_from);
  const to = new Date(certificate.valid_to);
  const days = Math.floor((to.getTime() - Date.now()) / day);
  if (days < 0) {
    const ended = `that of ${url} has expired on ${dateOf(to)}`;
    return fault(check, ended, "have whoever runs the server renew it, if the clock here is right");
  }
  if (from.getTime() > Date.now()) {
    const early = `that of ${url} is not valid before ${from.toISOString()}`;
    return fault(check, early, "set the clock here, or have whoever runs the server make another");
  }
  if (checkServerIdentity(host, certificate) !== undefined) {
    const names = certificate.subjectaltname ?? nameOf(certificate.subject);
    const other = `that of ${url} is for another host (${names})`;
    return fault(check, other, "give a --store-url with a name that it is for, or have it made for this one");
  }
  if (refusal !== null) return unknownAuthority(url, issuer, refusal, named);
  const found = `that of ${url} is by ${issuer}, and ends in ${days} ${days === 1 ? "day" : "days"}, on ${dateOf(to)}`;
  return days < warningDays
    ? warning(check, found, "have whoever runs the server renew it before")
    : ok(check, found);
}

function unknownAuthority(url: string, issuer: string, refusal: string, named: Named | null): Finding {
  const found = `that of ${url} is by ${issuer}, which is no authority known here (${refusal})`;
  if (named === null)
    return fault(check, found, "if it is your own, name the file of its certificate: --ca-file=FILE");
  // What --ca-file names was read before.
  const fits = named.by === "--ca-file" || isReadable(named.file) ? "holds another one" : "cannot be read";
  return fault(check, found, `${named.by} names ${named.file}, which ${fits}: name the authority's file`);
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** The name of an authority or a host; a certificate may say each several times. */
function nameOf(subject: PeerCertificate["subject"] | undefined): string {
  const { O: organization, CN: name } = (subject ?? {}) as Record<string, string | string[] | undefined>;
  return [name, organization].flat().find((text) => text) ?? "somebody unnamed";
}

function dateOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
