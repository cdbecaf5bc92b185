// The server in a root of its own: in the container that contrib/ describes, and on a host that is set up, backed up,
// restored and upgraded word for word as docs/deployment.md says.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFile, chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createHomeFolder } from "./support/account.ts";
import { jsonWords, readContainerfile } from "./support/containerfile.ts";
import { type DebianRoot, makeDebianRoot, type RootProcess, whyNoRoot } from "./support/debian-root.ts";
import { buildExecutables, pstoreServer } from "./support/executables.ts";
import { createHome, generateKey } from "./support/gnupg.ts";
import { User } from "./support/team.ts";

const repository = join(import.meta.dir, "..");
const instructions = readContainerfile(
  await readFile(join(repository, "contrib/container/Containerfile"), "utf8"),
);
const suite = /^docker\.io\/library\/debian:([a-z]+)-slim$/.exec(
  instructions.find(({ name }) => name === "FROM")?.text ?? "",
)?.[1];
const reason = await whyNoRoot();
if (reason !== null) console.log(`The container and the documented set-up are not tried: ${reason}.`);

let debian: DebianRoot;
let walter: User;

beforeAll(async () => {
  if (reason !== null) return;
  if (suite === undefined) throw new Error("the Containerfile is not from Debian");
  await buildExecutables();
  // What makes users, which is in the image too.
  debian = await makeDebianRoot(suite, ["passwd"]);
  const gnupg = await createHome();
  const key = await generateKey(gnupg, { userId: "walter <walter@example.com>" });
  walter = new User("walter", await createHomeFolder(), gnupg, [key]);
}, 300_000);
afterAll(async () => {
  await walter?.dispose();
  await debian?.dispose();
});

/** A port that nobody listens on now. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** A user's client at a server of this host. */
async function client(port: number, args: readonly string[], stdin?: string) {
  await walter.configure(`--store-url=http://127.0.0.1:${port}`, "--user=walter");
  return walter.pstore(args, stdin === undefined ? {} : { stdin });
}

describe.skipIf(reason !== null)("the container", () => {
  let container: DebianRoot;
  let port: number;
  /** What the image says of how it is run. */
  const image = {
    user: { uid: 0, gid: 0 },
    env: {} as Record<string, string>,
    entrypoint: [] as readonly string[],
    command: [] as readonly string[],
    health: [] as readonly string[],
    volume: "",
    exposed: "",
  };

  /** Does what an instruction says, as `podman build` would. */
  async function build({ name, text }: (typeof instructions)[number]): Promise<void> {
    if (name === "RUN") {
      const { code, stderr } = await container.run(["/bin/sh", "-c", text], image);
      if (code !== 0) throw new Error(`RUN ${text}: ${stderr}`);
    } else if (name === "COPY") {
      const [, mode = "", from = "", to = ""] = /^--chmod=(\d+) (\S+) (\S+)$/.exec(text) ?? [];
      expect(from).toBe(basename(pstoreServer));
      await container.take(pstoreServer, to);
      await chmod(container.at(to), Number.parseInt(mode, 8));
    } else if (name === "USER") {
      const [uid = Number.NaN, gid = Number.NaN] = text.split(":").map(Number);
      image.user = { uid, gid };
    } else if (name === "ENV") {
      for (const [, variable = "", value = ""] of text.matchAll(/(\w+)=(\S+)/g)) image.env[variable] = value;
    } else if (name === "HEALTHCHECK") image.health = jsonWords(text.slice(text.indexOf("[")));
    else if (name === "ENTRYPOINT") image.entrypoint = jsonWords(text);
    else if (name === "CMD") image.command = jsonWords(text);
    else if (name === "VOLUME") image.volume = text;
    else if (name === "EXPOSE") image.exposed = text;
    else expect(name).toBe("FROM");
  }

  /** The port is another one than usual, as with `-e`: the network is that of this host. */
  const options = () => ({ user: image.user, env: { ...image.env, PSTORE_LISTEN: `127.0.0.1:${port}` } });
  const command = (args: readonly string[], stdin = "") =>
    container.run([...image.entrypoint, ...args], { ...options(), stdin });

  beforeAll(async () => {
    container = await debian.copy();
    port = freePort();
    for (const instruction of instructions) await build(instruction);
  }, 60_000);
  afterAll(() => container?.dispose());

  test("runs as a user of its own, who owns the volume and nothing else", async () => {
    expect(image).toMatchObject({
      user: { uid: 8000, gid: 8000 },
      volume: "/var/lib/pstore",
      exposed: "8000",
    });
    expect(image.env["PSTORE_LISTEN"]).toBe(`0.0.0.0:${image.exposed}`);
    const { text } = await container.run(["find", "/", "-xdev", "-user", "pstore"], image);
    expect(text).toBe(`${image.volume}\n`);
  });

  test("serves a client, says whether it is well, and ends when it is told to", async () => {
    expect(await command(["init", "--admin", "walter"])).toMatchObject({ code: 0 });
    expect(await command(["key", "add", "walter", "-"], await walter.publicKey())).toMatchObject({ code: 0 });
    expect((await container.run(image.health, options())).code).not.toBe(0);
    const server = container.start([...image.entrypoint, ...image.command], options());
    try {
      await server.printed(/listening on /);
      expect(await container.run(image.health, options())).toMatchObject({ code: 0, stderr: "" });
      expect((await client(port, ["-c", "box"], "secret")).code).toBe(0);
      expect(await client(port, ["box", "password"])).toMatchObject({ code: 0, text: "secret", stderr: "" });
      expect((await command(["user", "list"])).text).toContain("walter");
      // It is process 1 there, which no signal ends by itself.
      expect(await server.stop()).toBe(0);
    } finally {
      await server.kill();
    }
    expect((await readdir(container.at(image.volume))).sort()).toEqual(["store.db"]);
    const { mode, uid } = await stat(container.at(join(image.volume, "store.db")));
    expect({ mode: mode & 0o777, uid }).toEqual({ mode: 0o600, uid: image.user.uid });
    await walter.forgetState();
  });
});

describe.skipIf(reason !== null)("a host set up as documented", () => {
  let host: DebianRoot;
  let port: number;
  let running: RootProcess | null = null;
  let documented: string;

  /** What systemd would make of the unit. */
  async function startService(): Promise<void> {
    const unit = await readFile(host.at("/etc/systemd/system/pstore-server.service"), "utf8");
    const all = (name: string) =>
      [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
    const variables = (lines: readonly string[]) =>
      Object.fromEntries(lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s, 2)));
    const files = await Promise.all(
      all("EnvironmentFile").map((file) => readFile(host.at(file.replace(/^-/, "")), "utf8")),
    );
    const env = variables([...all("Environment"), ...files.flatMap((text) => text.split("\n"))]);
    const [user = ""] = all("User");
    const ids = await host.run(["sh", "-c", `id -u ${user}; id -g ${user}`]);
    const [uid = Number.NaN, gid = Number.NaN] = ids.text.split("\n").map(Number);
    const [program = ""] = all("ExecStart");
    running = host.start(program.split(" "), { user: { uid, gid }, env });
    await running.printed(/listening on /);
  }

  async function stopService(): Promise<void> {
    expect(await running?.stop()).toBe(0);
    running = null;
  }

  /** The commands of a section's blocks: a line each, or all up to the END of what stands in it. */
  function linesOf(title: string): readonly string[] {
    const section = documented.split(/^## /m).find((one) => one.startsWith(`${title}\n`)) ?? "";
    const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
    expect(blocks.length).toBeGreaterThan(0);
    return blocks.flatMap((block) =>
      [...block.matchAll(/^.*<<END\n[\s\S]*?^END$|^.+$/gm)].map(([line]) => line),
    );
  }

  /** What is not there, since it is another program's: nginx.test.ts holds that file, and this root has no systemd. */
  async function perform(line: string): Promise<void> {
    if (/^(apt-get install|systemctl daemon-reload$)/.test(line)) return;
    if (line === "systemctl enable --now pstore-server" || line === "systemctl start pstore-server") {
      await startService();
    } else if (line === "systemctl stop pstore-server") await stopService();
    else {
      const { code, stderr } = await host.run(["sh", "-euc", `cd /root/pstore; ${line}`]);
      if (code !== 0) throw new Error(`${line}: ${stderr}`);
    }
  }

  const follow = async (title: string) => {
    for (const line of linesOf(title)) await perform(line);
  };

  /** Who owns what lies in the store's folder. */
  const owners = async () =>
    (await host.run(["find", "/var/lib/pstore", "-printf", "%u %m %f\\n"])).text.trim().split("\n").sort();

  beforeAll(async () => {
    documented = await readFile(join(repository, "docs/deployment.md"), "utf8");
    host = await debian.copy();
    port = freePort();
    await host.take(pstoreServer, "/root/pstore/dist/pstore-server");
    await mkdir(host.at("/root/pstore/contrib"));
    for (const name of ["systemd/pstore-server.service", "nginx/pstore.conf"])
      await host.take(join(repository, "contrib", name), `/root/pstore/contrib/${name}`);
    await writeFile(host.at("/root/pstore/walter.asc"), await walter.publicKey());
  }, 60_000);
  afterAll(async () => {
    await running?.kill();
    await host?.dispose();
  });

  test("is installed, and serves", async () => {
    await follow("Install");
    for (const line of linesOf("systemd")) {
      await perform(line);
      // This host's own port and name, in place of those of a host in the network.
      if (line.startsWith("cat > /etc/pstore/server.env"))
        await appendFile(
          host.at("/etc/pstore/server.env"),
          `PSTORE_LISTEN=127.0.0.1:${port}\nPSTORE_PUBLIC_URL=http://127.0.0.1:${port}\n`,
        );
    }
    expect((await client(port, ["-c", "box"], "first")).code).toBe(0);
    expect((await client(port, ["-c", "calm"], "still")).code).toBe(0);
    // What root does beside it takes nothing from the server.
    expect((await host.run(["pstore-server", "user", "list"])).text).toContain("walter");
    expect(await owners()).toEqual(expect.arrayContaining(["pstore 600 store.db", "pstore 700 pstore"]));
    expect((await owners()).filter((one) => !one.startsWith("pstore "))).toEqual([]);
  });

  test("has nginx's file with its own name", async () => {
    await mkdir(host.at("/etc/nginx/conf.d"), { recursive: true });
    const line = linesOf("nginx and TLS").find((one) => one.startsWith("sed "));
    await perform(`host=here.example.org; ${line}`);
    const text = await readFile(host.at("/etc/nginx/conf.d/pstore.conf"), "utf8");
    expect(text).toContain("live/here.example.org/fullchain.pem");
    expect(text).not.toContain("store.example.com");
  });

  test("is backed up while it runs", async () => {
    await follow("Backup");
    expect((await stat(host.at("/var/backups/pstore/store.db"))).mode & 0o777).toBe(0o600);
    expect((await owners()).filter((one) => !one.startsWith("pstore "))).toEqual([]);
  });

  test("is upgraded, and nothing is lost", async () => {
    expect((await client(port, ["box", "-pe", "password"], "second")).code).toBe(0);
    await follow("Upgrade");
    expect(await client(port, ["box", "password"])).toMatchObject({ code: 0, text: "second", stderr: "" });
    // With the server stopped, root's commands make the files beside the database, too.
    await stopService();
    expect((await host.run(["pstore-server", "user", "add", "joe"])).code).toBe(0);
    expect((await owners()).filter((one) => !one.startsWith("pstore "))).toEqual([]);
    await startService();
  });

  test("is restored from the backup, and clients who have seen more say so", async () => {
    // As after a crash: what was stored last lies beside the database.
    expect((await client(port, ["-c", "late"], "lost")).code).toBe(0);
    await running?.kill();
    running = null;
    for (const line of linesOf("Restore")) if (!line.includes("systemctl stop")) await perform(line);
    expect(await client(port, ["calm", "password"])).toMatchObject({ code: 0, text: "still", stderr: "" });
    const refused = await client(port, ["box", "password"]);
    expect(refused).toMatchObject({ code: 1, text: "" });
    const sentence = /is told\n\n {4}(.*)\n\n/.exec(documented)?.[1];
    expect(refused.stderr).toBe(`${sentence}\n`);
    const late = await client(port, ["late", "password"]);
    expect(late).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("'late' is hidden by the server"),
    });
    await walter.forgetState();
    expect(await client(port, ["box", "password"])).toMatchObject({ code: 0, text: "first" });
  });
});
