import type { StoreInfo } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import { version } from "../../package.json";
import { getStore } from "../http/api.ts";
import { type Security, Transport } from "../http/transport.ts";
import { Urls } from "../state/urls.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fault, faultBy, ok, skipped, warning } from "./finding.ts";

const check = "store";
const askWhoRuns = "nothing is sent to it: ask who runs the server";

/** Whether the store answers at each of its URLs, and is the one that is known there. */
export async function* checkStore(examination: Examination): AsyncGenerator<Finding> {
  const { options, known } = examination;
  if (!examination.isTlsChecked || options.storeUrls.length === 0) {
    yield skipped(check, examination.whyAlone ?? "");
    return;
  }
  const urls = new Urls(known.state);
  const security = { allowHttp: options.allowHttp, authorities: examination.authorities };
  const answers = await Promise.all(options.storeUrls.map((url) => ask(url, security)));
  examination.store = options.storeUrls.map((url) => urls.storeOf(url)).find((id) => id !== null) ?? null;
  const findings: Finding[] = [];
  const down: Finding[] = [];
  for (const { url, answer, problem } of answers) {
    const wrong = answer === null ? faultBy(check, problem) : whyNot(examination, urls, url, answer);
    if (wrong !== null) findings.push(wrong);
    if (wrong !== null && isOutOfReach(problem)) down.push(wrong);
    if (wrong !== null || answer === null) continue;
    examination.store = answer.id;
    examination.urls = [...examination.urls, url];
    const pinned = urls.storeOf(url) === null ? "first use, the next command pins it" : "as it is pinned";
    findings.push(ok(check, `${url} is the store ${answer.id} (${pinned}), and runs ${answer.version}`));
    findings.push(...versions(url, answer.version));
  }
  for (const finding of findings) {
    // Where one is down, commands try the next.
    const isSpared = examination.urls.length > 0 && down.includes(finding);
    yield isSpared ? { ...finding, status: "warning" } : finding;
  }
}

function isOutOfReach(problem: unknown): boolean {
  return problem instanceof Problem && problem.code === "unavailable";
}

/** What a store says of itself at a URL; `null`: why it does not. */
interface Asked {
  readonly url: string;
  readonly answer: StoreInfo | null;
  readonly problem: unknown;
}

async function ask(url: string, security: Security): Promise<Asked> {
  try {
    const answer = await getStore(new Transport([url], security, async () => {}));
    return { url, answer, problem: null };
  } catch (problem) {
    return { url, answer: null, problem };
  }
}

/** Why a store is not the one that is meant; `null` when it is. */
function whyNot({ options, store }: Examination, urls: Urls, url: string, { id }: StoreInfo): Finding | null {
  const pinned = urls.storeOf(url);
  if (pinned !== null && pinned !== id) {
    return fault(check, `${url} IS ANOTHER STORE: ${id}, and this client knows ${pinned} there`, askWhoRuns);
  }
  if (store !== null && store !== id) {
    const other = `${url} is the store ${id}, another one than ${store} of the other URLs`;
    return fault(check, other, "remove one of them from --store-url");
  }
  const others = urls.of(id);
  if (pinned !== null || others.length === 0 || others.some((one) => options.storeUrls.includes(one)))
    return null;
  return fault(
    check,
    `${url} claims to be the store ${id}, which this client knows as ${others[0]}`,
    "if it is, give both as --store-url once",
  );
}

function versions(url: string, server: string): readonly Finding[] {
  const major = (text: string) => text.split(".")[0];
  if (major(server) === major(version)) return [];
  return [
    warning("version", `the server at ${url} is ${server}, this pstore ${version}`, "update the older one"),
  ];
}
