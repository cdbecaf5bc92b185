/** The line of an SSH public key file, and what people give instead of it by mistake. */
import type { Problem } from "../problem.ts";

/** The longest comment that is kept, in characters. */
const longestComment = 255;
/** The longest text that is read, in characters. A key of 16384 bits takes 2,800. */
const longestText = 65_536;

/** A key's algorithm, its wire form, and its comment, which may be empty. */
export interface KeyLine {
  algorithmName: string;
  bytes: Uint8Array<ArrayBuffer>;
  comment: string;
}

/**
 * Reads a text with one public key: a line as in `id_ed25519.pub`, among empty lines and those that begin with `#`.
 * @param refuse makes the problem that is thrown, from the end of a sentence
 */
export function readKeyLine(text: string, refuse: (why: string) => Problem): KeyLine {
  if (text.length > longestText) throw refuse("it is over 64 KiB; give one key, in one line");
  const mistake = mistakes.find(([pattern]) => pattern.test(text));
  if (mistake !== undefined) throw refuse(mistake[1]);
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [line, ...others] = lines;
  if (line === undefined) throw refuse("there is no key in it; give the line of the .pub file");
  if (others.length > 0) throw refuse("there are several lines in it; give one key at a time, in one line");
  const fields = /^(\S+)[ \t]+([^ \t]+)(?:[ \t]+(.*))?$/s.exec(line);
  const [, algorithmName = "", base64 = "", comment = ""] = fields ?? [];
  if (fields === null || !/^(?:ssh|ecdsa|sk)-[!-~]+$/.test(algorithmName)) {
    throw refuse(
      optionsInFront.test(line)
        ? "something stands in front of its algorithm, as in authorized_keys; give the line of the .pub file"
        : "it is no line of a .pub file (algorithm, base64, comment)",
    );
  }
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  if (Buffer.from(bytes).toString("base64") !== base64)
    throw refuse("its base64 is damaged; copy the line again, whole");
  if (/\p{Cc}/u.test(comment)) throw refuse("its comment holds control characters; leave the comment out");
  return { algorithmName, bytes, comment: [...comment].slice(0, longestComment).join("") };
}

const optionsInFront = /[ \t](?:ssh|ecdsa|sk)-\S+[ \t]+AAAA/;

/** What a text must not be, and what the sentence says then. Nothing of the text is quoted: it may be secret. */
const mistakes: readonly [RegExp, string][] = [
  [
    /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY|^PuTTY-User-Key-File|BEGIN SSH2 ENCRYPTED PRIVATE KEY/m,
    "it is a private key: never give it to anyone; give the .pub file beside it (`ssh-keygen -y -f FILE` prints it)",
  ],
  [
    /---- BEGIN SSH2/,
    "it is in the form of RFC 4716; `ssh-keygen -i -f FILE` prints it as a line, which pstore reads",
  ],
  [
    /-----BEGIN PUBLIC KEY-----/,
    "it is in the form of OpenSSL; `ssh-keygen -i -m PKCS8 -f FILE` prints it as a line, which pstore reads",
  ],
  [
    /-----BEGIN RSA PUBLIC KEY-----/,
    "it is in the form of OpenSSL; `ssh-keygen -i -m PEM -f FILE` prints it as a line, which pstore reads",
  ],
];
