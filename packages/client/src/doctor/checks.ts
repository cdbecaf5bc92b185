import { checkCertificate } from "./certificate.ts";
import { checkClock } from "./clock.ts";
import { checkConfiguration } from "./configuration.ts";
import type { Examination } from "./examination.ts";
import { checkFiles } from "./files.ts";
import type { Finding } from "./finding.ts";
import { checkGnupg } from "./gnupg.ts";
import { checkKey } from "./key.ts";
import { checkKeyFiles } from "./key-files.ts";
import { checkPins } from "./pins.ts";
import { checkProxy } from "./proxy.ts";
import { checkRoundTrip } from "./round-trip.ts";
import { checkSshAgent } from "./ssh-agent.ts";
import { checkStore } from "./store.ts";
import { checkUnanswered } from "./unanswered.ts";

/** A group of checks; what it finds, as it finds it. */
interface Check {
  /** What is said to have failed, where it fails itself. */
  readonly name: string;
  readonly run: (examination: Examination) => AsyncIterable<Finding>;
}

/** All checks, in their order: what one finds out, those behind it build upon. */
export const checks: readonly Check[] = [
  { name: "configuration", run: checkConfiguration },
  { name: "proxy", run: checkProxy },
  { name: "store", run: checkStore },
  { name: "clock", run: checkClock },
  { name: "certificate", run: checkCertificate },
  { name: "gpg", run: checkGnupg },
  { name: "key file", run: checkKeyFiles },
  { name: "ssh-agent", run: checkSshAgent },
  { name: "key", run: checkKey },
  { name: "round trip", run: checkRoundTrip },
  { name: "pins", run: checkPins },
  { name: "files", run: checkFiles },
  { name: "changes", run: checkUnanswered },
];
