// What is no HTTP, or nearly: octets over a bare connection, requests that lie about their length, and clients that go away.
import { apiPath } from "@pstore/core/api/schemas";
import type { Faults } from "../faults.ts";
import { Connection } from "../http/connection.ts";
import { mutateBytes } from "../mutate/bytes.ts";
import type { Part } from "../part.ts";
import { Random } from "../random.ts";
import type { Sessions } from "../sessions.ts";

const atOnce = 8;

/** Whoever has sent half a request waits for nothing: so many milliseconds show that the server asks for more. */
const patience = 1500;

export function rawPart(context: {
  readonly url: string;
  readonly sessions: Sessions;
  readonly seed: number;
  readonly faults: Faults;
}): Part {
  const { url, sessions, seed, faults } = context;
  const connections = Array.from({ length: atOnce }, () => new Connection(url));
  const health = Buffer.from("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  return {
    name: "raw",
    atOnce,
    async run(index, worker) {
      const connection = connections[worker];
      if (connection === undefined) throw new Error(`There is no connection ${worker}.`);
      const random = new Random(seed, "raw", index);
      const bytes = octets(random, sessions);
      const add = (what: string) =>
        faults.add({ part: "raw", index, what, input: bytes.subarray(0, 3000).toString("latin1") });
      await connection.abandon(bytes);
      // The next client must not notice.
      const answer = await connection.send({ bytes: health, method: "GET", patience: 20 * patience });
      if (answer.status !== 200) add(`the server answered ${answer.status} to whoever came next`);
    },
    async end() {
      for (const connection of connections) connection.close();
    },
  };
}

/** The octets of one connection. */
function octets(random: Random, sessions: Sessions): Buffer {
  const valid = validRequests(random, sessions);
  const request = Buffer.from(random.pick(valid), "latin1");
  switch (random.below(6)) {
    case 0:
      return Buffer.from(random.bytes(random.below(2000)));
    case 1:
      return request.subarray(0, random.below(request.length + 1));
    case 2:
      // Several at once, one of them damaged.
      return Buffer.concat([request, Buffer.from(mutateBytes(random, request, [])), request]);
    default: {
      const others = valid.map((text) => Buffer.from(text, "latin1"));
      return Buffer.from(mutateBytes(random, request, others));
    }
  }
}

function validRequests(random: Random, sessions: Sessions): string[] {
  const host = "host: localhost";
  const token = `authorization: Bearer ${sessions.signer("ann").token}`;
  const upload = `PUT ${apiPath}/uploads/${random.uuid()} HTTP/1.1\r\n${host}\r\n${token}`;
  const chunk = random.pick([
    "5\r\nhello\r\n",
    "ffffffffffffffff\r\n",
    "-1\r\n",
    "5;x=y\r\nhello\r\n",
    "5\r\nhel",
    "zz\r\n",
    "5\nhello\n",
    "",
  ]);
  return [
    `GET ${apiPath}/objects HTTP/1.1\r\n${host}\r\n${token}\r\n\r\n`,
    `GET ${apiPath}/store HTTP/1.0\r\n\r\n`,
    `GET / HTTP/2.0\r\n${host}\r\n\r\n`,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    `${upload}\r\ncontent-length: 100\r\n\r\ntoo little`,
    `${upload}\r\ncontent-length: 3\r\n\r\nmuch more than it says`,
    `${upload}\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
    `${upload}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${upload}\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${random.chance(50) ? "0\r\n\r\n" : ""}`,
    `${upload}\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-trailer: y\r\n\r\n`,
    `${upload}\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n`,
    `POST ${apiPath}/commits HTTP/1.1\r\n${host}\r\n${token}\r\ncontent-length: 40000000\r\n\r\n{"commit":`,
    `GET / HTTP/1.1\r\n${host}\r\nx: ${"y".repeat(random.pick([100, 20_000, 200_000]))}\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}\r\n${"x: y\r\n".repeat(random.pick([10, 300]))}\r\n`,
    `GET / HTTP/1.1\r\n${host}\r\n folded\r\n\r\n`,
    `GET ${apiPath}/objects HTTP/1.1\r\n${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n`,
    `GET\t/\tHTTP/1.1\n${host}\n\n`,
  ];
}
