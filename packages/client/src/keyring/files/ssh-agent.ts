import { connect } from "node:net";
import { Problem } from "@pstore/core/problem";
import { readSshKey, type SshKey } from "@pstore/core/ssh/public-key";
import { WireReader, wire, wireString } from "@pstore/core/ssh/wire";

/** Numbers of messages (draft-miller-ssh-agent, section 7.1) and of a flag of signing requests (section 7.3). */
const requestIdentities = 11;
const identitiesAnswer = 12;
const signRequest = 13;
const signResponse = 14;
const rsaSha512 = 4;

/** The most that an agent may answer, in bytes, as OpenSSH has it. */
const longestAnswer = 256 * 1024;

/** How long an agent may take, in milliseconds. */
export interface AgentPatience {
  readonly listing: number;
  /** Somebody may have to confirm a signature (`ssh-add -c`). */
  readonly signing: number;
}

const usualPatience: AgentPatience = { listing: 3000, signing: 60_000 };

/** What an answer that is none means is the same in all cases: the agent does not help. */
const noAnswer = () => new Problem("no-private-key", "the ssh-agent does not answer as one does");

/** The agent of OpenSSH, or what speaks as it does. It signs, and cannot decrypt. */
export class SshAgent {
  readonly #socket: string;
  readonly #patience: AgentPatience;
  #keys: Promise<readonly Uint8Array[]> | null = null;

  /** @param socket the path that `SSH_AUTH_SOCK` names */
  constructor(socket: string, patience = usualPatience) {
    this.#socket = socket;
    this.#patience = patience;
  }

  /** Whether it holds a key. An agent that does not answer holds none. */
  async holds(key: SshKey): Promise<boolean> {
    return (await this.#held()).some((bytes) => Buffer.compare(bytes, key.bytes) === 0);
  }

  /** The keys that it holds, those left out that could not be anybody's here. */
  async keys(): Promise<readonly SshKey[]> {
    return (await this.#held()).flatMap((bytes) => {
      try {
        return [readSshKey(bytes)];
      } catch {
        return [];
      }
    });
  }

  /**
   * Signs data: with SHA-512 where the key is of RSA.
   * @returns the algorithm's name and the signature (RFC 4253, section 6.6); null when it does not sign with this key
   */
  async sign(key: SshKey, data: Uint8Array): Promise<Uint8Array | null> {
    // One that hangs is not waited for as one is whose owner confirms.
    if (!(await this.holds(key))) return null;
    const flags = key.algorithmName === "ssh-rsa" ? rsaSha512 : 0;
    const request = wire(Uint8Array.of(signRequest), wireString(key.bytes), wireString(data), flags);
    try {
      const answer = await this.#ask(request, signResponse, this.#patience.signing);
      const signature = answer.string();
      answer.end();
      return signature;
    } catch {
      return null;
    }
  }

  #held(): Promise<readonly Uint8Array[]> {
    this.#keys ??= this.#list().catch(() => []);
    return this.#keys;
  }

  async #list(): Promise<readonly Uint8Array[]> {
    const answer = await this.#ask(
      Uint8Array.of(requestIdentities),
      identitiesAnswer,
      this.#patience.listing,
    );
    return Array.from({ length: answer.uint32() }, () => {
      const bytes = answer.string();
      answer.string();
      return bytes;
    });
  }

  /** @throws Error when there is no answer of the expected kind in time */
  async #ask(request: Uint8Array, expected: number, patience: number): Promise<WireReader> {
    const message = await exchange(this.#socket, wireString(request), patience);
    if (message[0] !== expected) throw noAnswer();
    return new WireReader(message.subarray(1), noAnswer);
  }
}

/** Sends one message and reads one: a length and so many octets each (section 4). */
function exchange(socket: string, request: Uint8Array, patience: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const connection = connect({ path: socket });
  const give = setTimeout(() => reject(noAnswer()), patience);
  let received = Buffer.alloc(0);
  connection.on("error", reject);
  connection.on("close", () => reject(noAnswer()));
  connection.on("connect", () => connection.write(request));
  connection.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    if (received.length < 4) return;
    const length = received.readUInt32BE(0);
    if (length === 0 || length > longestAnswer) reject(noAnswer());
    else if (received.length >= 4 + length) resolve(received.subarray(4, 4 + length));
  });
  return promise.finally(() => {
    clearTimeout(give);
    connection.destroy();
  });
}
