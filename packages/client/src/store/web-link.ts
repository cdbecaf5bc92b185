import { webLoginText } from "@pstore/core/login";
import { postWebLink } from "../http/api.ts";
import { Proof, type ProofParts } from "./proof.ts";

/** What signs a browser in to the web admin, once. */
export interface WebLink {
  readonly url: string;
  /** For how long it is good, in seconds. */
  readonly expiresIn: number;
}

/**
 * Has a link made for the user. Its URL is of the store's that is spoken to, whatever the server answers.
 * @throws Problem `forbidden` when the user is not of the staff, or the key is write-only; `sign-in-refused`, `no-private-key`
 */
export async function webLink(parts: ProofParts): Promise<WebLink> {
  const purpose = { textOf: webLoginText, post: postWebLink, reads: true } as const;
  const { answer } = await new Proof(parts).give(purpose);
  return { url: `${parts.transport.url}/sign-in/link/${answer.token}`, expiresIn: answer.expiresIn };
}
