/** A public key block, divided into its parts with their signatures (RFC 9580, section 10.1); nothing is verified. */
import { Problem } from "../problem.ts";
import { dearmor, privateKey } from "./armor.ts";
import { concat, type RawPacket, splitPackets, tags } from "./packet.ts";

/** The largest key block that is read, in bytes, armored or not. */
export const largestCertificate = 256 * 1024;

/** A part of the block with the signatures behind it. */
export interface Component {
  packet: RawPacket;
  signatures: RawPacket[];
}

export interface Block {
  primary: Component;
  userIds: Component[];
  subkeys: Component[];
}

/**
 * @param input an armored or binary block with exactly one public key, of at most 256 KiB
 * @throws Problem `unusable-key`
 */
export function readBlock(input: string | Uint8Array): Block {
  if (input.length > largestCertificate) {
    throw new Problem(
      "unusable-key",
      "this key is over 256 KiB: export it with `--export-options export-minimal`",
    );
  }
  return divide(typeof input === "string" ? dearmor(input) : binary(input));
}

function binary(input: Uint8Array): Uint8Array {
  // A file is read as bytes, whether it is armored or not; every packet begins with an octet over 127.
  return (input[0] ?? 0) < 0x80 ? dearmor(Buffer.from(input).toString("latin1")) : input;
}

/** Divides a key block, and leaves out what has no place in ours. */
function divide(bytes: Uint8Array): Block {
  const packets = splitPackets(bytes, { code: "unusable-key", what: "this OpenPGP public key" });
  const [first, ...others] = packets;
  if (packets.some(({ tag }) => tag === tags.secretKey || tag === tags.secretSubkey)) throw privateKey();
  if (first === undefined || first.tag !== tags.publicKey) {
    throw new Problem("unusable-key", "this is no OpenPGP public key: it does not begin with one");
  }
  if (others.some(({ tag }) => tag === tags.publicKey)) {
    throw new Problem("unusable-key", "this block holds several OpenPGP keys: give one key at a time");
  }
  const block: Block = { primary: { packet: first, signatures: [] }, userIds: [], subkeys: [] };
  let last: Component | undefined = block.primary;
  for (const packet of others) {
    if (packet.tag === tags.signature) {
      last?.signatures.push(packet);
    } else if (packet.tag === tags.userId || packet.tag === tags.publicSubkey) {
      last = { packet, signatures: [] };
      (packet.tag === tags.userId ? block.userIds : block.subkeys).push(last);
    } else if (packet.tag !== tags.trust && packet.tag !== tags.marker) {
      // Also drops the signatures on a part that is dropped.
      last = undefined;
    }
  }
  return block;
}

/** The bytes of a block. */
export function join({ primary, userIds, subkeys }: Block): Uint8Array<ArrayBuffer> {
  const all = [primary, ...userIds, ...subkeys].flatMap(({ packet, signatures }) => [packet, ...signatures]);
  return concat(all.map(({ whole }) => whole));
}
