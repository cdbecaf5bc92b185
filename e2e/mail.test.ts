// Mails through a real mail server: nothing is lost while it is down, and each comes once.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readable } from "@pstore/core/fingerprint";
import { makeCertificate } from "./support/certificate.ts";
import { findSecret } from "./support/leaks.ts";
import { MailServer, type ReceivedMail } from "./support/mail-server.ts";
import { startServer, TestServer } from "./support/server.ts";
import { createTeam, does } from "./support/team.ts";

const from = "pstore@store.example.com";
const optionsFor = (mail: { readonly port: number }, ...more: readonly string[]) => [
  `--smtp-url=smtp://127.0.0.1:${mail.port}`,
  `--mail-from=${from}`,
  ...more,
];
const withMail = (email: string, ...flags: readonly string[]) => ({ flags: ["--email", email, ...flags] });
const shown = (mails: readonly ReceivedMail[]) => mails.map(({ to, subject }) => `${to}: ${subject}`);

/** What waits in a server's queue. */
function queue(server: TestServer) {
  const db = new Database(server.database, { readonly: true });
  try {
    return db.query("select recipients, due, last_error from mails order by recipients").all() as {
      recipients: string;
      due: string;
      last_error: string;
    }[];
  } finally {
    db.close();
  }
}

/** Resolves when the server has printed something. */
async function says(server: TestServer, text: string): Promise<void> {
  while (!server.output.includes(text)) await Bun.sleep(20);
}

describe.skipIf(Bun.which("aiosmtpd") === null)("mail", () => {
  test("what was deleted, removed and changed while the mail server was down is told once when it is up, and can be undone", async () => {
    const since = new Date();
    await using mail = await MailServer.prepare();
    const team = await createTeam({
      users: [
        { name: "walter", ...withMail("walter@example.com", "--superuser") },
        { name: "joe", ...withMail("joe@example.com") },
        "silent",
        { name: "leaver", ...withMail("leaver@example.com") },
      ],
      server: {
        // walter is told once, although he is named twice.
        serve: optionsFor(mail, "--admin-mail=ops@example.com", "--admin-mail=walter@example.com"),
      },
    });
    try {
      const { server } = team;
      const [walter, joe] = [team.user("walter"), team.user("joe")];
      await says(
        server,
        `no mail can be sent: the mail server 127.0.0.1:${mail.port} cannot be used (ECONNREFUSED`,
      );
      const secret = "correct horse battery staple";
      await does(walter, ["-c", "db3", "+joe", "+silent", "+leaver:read", "--yes"], secret);
      await does(walter, ["-D", "db3", "--yes"]);
      expect((await server.command(["user", "remove", "leaver", "--yes"])).code).toBe(0);

      await mail.start();
      const users = ["joe", "leaver", "silent", "walter"];
      const told = (names: readonly string[], subject: string) =>
        names.map((name) => `${name}@example.com: [pstore] ${subject}`);
      const expected = [
        ...users.flatMap((name) =>
          told([...new Set([name, "walter", "ops"])], `${name} has a new public key`).filter(
            (line) => !line.startsWith("silent@"),
          ),
        ),
        ...told(["joe", "leaver", "walter"], "Machine db3 was deleted"),
        ...told(["ops", "walter"], "User leaver was removed"),
      ].sort();
      await mail.received(expected.length);
      expect(await server.stop()).toBe(0);
      const mails = await mail.received(expected.length);
      expect(shown(mails).sort()).toEqual(expected);
      expect(queue(server)).toEqual([]);
      expect(server.output.match(/no mail can be sent/g)).toHaveLength(1);
      expect(server.output).toContain("the mail server takes mails again");
      expect(new Set(mails.map(({ id }) => id)).size).toBe(mails.length);

      const deletion = mails.find(({ to, subject }) => to.startsWith("joe@") && subject.includes("deleted"));
      expect(deletion?.headers).toContain(`\nFrom: pstore <${from}>\n`);
      expect(deletion?.headers).toContain("Auto-Submitted: auto-generated");
      expect(deletion?.id).toMatch(/^<[0-9a-f-]{36}@store\.example\.com>$/);
      expect(deletion?.body).toContain(`\n    ${readable(walter.key)}\n`);
      const texts = { log: server.output };
      expect(await findSecret(secret, { folders: [mail.folder], shared: [], since, texts })).toEqual([]);

      // The command that the mail gives, as it stands there.
      const words = /^ {4}pstore (.*)$/m.exec(deletion?.body ?? "")?.[1]?.split(" ") ?? [];
      await server.start();
      await does(walter, [...words, "^leaver"]);
      expect(await does(joe, ["db3", "password"])).toBe(secret);
    } finally {
      await team.dispose();
    }
  }, 120_000);

  test("two servers on one database send each mail once, and one that is killed loses none", async () => {
    await using mail = await MailServer.prepare();
    const addresses = Array.from({ length: 20 }, (_, index) => `admin${index}@example.com`);
    const serve = optionsFor(
      mail,
      "--public-url=https://pstore.example.com",
      ...addresses.map((address) => `--admin-mail=${address}`),
    );
    await using first = await startServer({ serve });
    await using second = await startServer({ serve, database: first.database });
    for (const name of ["a", "b", "c"]) {
      await first.addUser(name);
      expect((await first.command(["user", "remove", name, "--yes"])).code).toBe(0);
    }
    await says(first, "no mail can be sent");
    await first.kill();
    await first.start();
    await mail.start();
    await mail.received(60);
    expect(await Promise.all([first.stop(), second.stop()])).toEqual([0, 0]);
    const mails = await mail.received(60);
    expect(mails).toHaveLength(60);
    expect(new Set(shown(mails)).size).toBe(60);
    expect(mails[0]?.subject).toBe("[pstore pstore.example.com] User a was removed");
    expect(mails[0]?.body.trimEnd()).toEndWith("\n-- \npstore, the store at https://pstore.example.com");
    expect(queue(first)).toEqual([]);
  }, 120_000);

  test("whose mail is refused, or not taken now, is in nobody's way", async () => {
    await using mail = await MailServer.prepare();
    await mail.start();
    const addresses = ["refused@example.com", "later@example.com", "ops@example.com"];
    await using server = await startServer({
      serve: optionsFor(mail, ...addresses.map((address) => `--admin-mail=${address}`)),
    });
    await server.addUser("a");
    await server.command(["user", "remove", "a", "--yes"]);
    expect(shown(await mail.received(1))).toEqual(["ops@example.com: [pstore] User a was removed"]);
    await says(
      server,
      "the mail 'User a was removed' to refused@example.com was not sent: the mail server says: 550 5.1.1 there is no such mailbox; tell them in another way",
    );
    await server.stop();
    const [later, ...more] = queue(server);
    expect(more).toEqual([]);
    expect(later?.recipients).toBe('["later@example.com"]');
    expect(later?.last_error).toBe("the mail server says: 450 4.2.1 the mailbox is busy");
    const delay = Date.parse(later?.due ?? "") - Date.now();
    expect(delay).toBeGreaterThan(30_000);
    expect(delay).toBeLessThanOrEqual(60_000);
  });

  test("a mail on its way when the server stops, or dies, stays in the queue", async () => {
    let connected = Promise.withResolvers<void>();
    using silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: () => connected.resolve(), data() {} },
    });
    await using server = await startServer({ serve: optionsFor(silent, "--admin-mail=ops@example.com") });
    await server.addUser("a");
    await server.command(["user", "remove", "a", "--yes"]);
    await connected.promise;
    const before = Date.now();
    expect(await server.stop()).toBe(0);
    expect(Date.now() - before).toBeLessThan(20_000);
    expect(queue(server).map(({ recipients, due }) => [recipients, Date.parse(due) <= Date.now()])).toEqual([
      ['["ops@example.com"]', true],
    ]);
    connected = Promise.withResolvers<void>();
    await server.start();
    await connected.promise;
    await server.kill();
    expect(queue(server)).toHaveLength(1);
  }, 60_000);

  test("TLS: with a certificate that holds and the password from a file, else not at all", async () => {
    const since = new Date();
    const password = `p${crypto.randomUUID()}`;
    await using plain = await MailServer.prepare();
    const { folder } = plain;
    await makeCertificate(folder, "authority", { extension: "basicConstraints=critical,CA:TRUE\n" });
    for (const [name, host] of [
      ["right", "localhost"],
      ["wrong", "mail.example.com"],
    ] as const) {
      await makeCertificate(folder, name, { extension: `subjectAltName=DNS:${host}\n`, issuer: "authority" });
    }
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, `${password}\n`);
    await chmod(passwordFile, 0o600);
    const badFile = join(folder, "bad-password");
    await writeFile(badFile, "wr0ng-one\n");
    const files = (name: string) => ({
      certificate: join(folder, `${name}.pem`),
      key: join(folder, `${name}.key`),
    });
    await using starttls = await MailServer.prepare({
      tls: "starttls",
      ...files("right"),
      user: "pstore@mail",
      passwordFile,
    });
    await using tls = await MailServer.prepare({ tls: "tls", ...files("right") });
    await using other = await MailServer.prepare({ tls: "tls", ...files("wrong") });
    for (const server of [plain, starttls, tls, other]) await server.start();

    await using store = await startServer();
    await store.stop();
    await store.addUser("a");
    const trusted = { NODE_EXTRA_CA_CERTS: join(folder, "authority.pem") };
    const user = "pstore%40mail@";
    const login = (file: string) => `--smtp-password-file=${file}`;

    const refusals: [url: string, more: string[], env: Record<string, string>, sentence: string][] = [
      [`smtps://localhost:${tls.port}`, [], {}, "unable to verify"],
      [`smtps://localhost:${other.port}`, [], trusted, "does not match certificate"],
      [`smtp://localhost:${plain.port}?starttls=yes`, [], trusted, "offers no STARTTLS"],
      [
        `smtp://${user}localhost:${starttls.port}?starttls=yes`,
        [login(badFile)],
        trusted,
        "did not let us sign in; check the user and the password file",
      ],
      [
        `smtp://${user}localhost:${starttls.port}?starttls=yes`,
        [login(passwordFile)],
        {},
        "unable to verify",
      ],
    ];
    await store.command(["user", "remove", "a", "--yes"]);
    for (const [url, more, env, sentence] of refusals) {
      const server = new TestServer(store.folder, {
        database: store.database,
        env,
        serve: [`--smtp-url=${url}`, ...more, `--mail-from=${from}`, "--admin-mail=ops@example.com"],
      });
      await server.start();
      try {
        await says(server, sentence);
      } finally {
        await server.stop();
      }
      expect(server.output).not.toContain("wr0ng");
      expect(queue(server)).toHaveLength(1);
    }

    const good: [MailServer, string, string[]][] = [
      [starttls, `smtp://${user}localhost:${starttls.port}?starttls=yes`, [login(passwordFile)]],
      [tls, `smtps://localhost:${tls.port}`, []],
    ];
    for (const [index, [mail, url, more]] of good.entries()) {
      const server = new TestServer(store.folder, {
        database: store.database,
        env: { ...trusted, PSTORE_ADMIN_MAIL: " ops@example.com  ops2@example.com " },
        serve: [`--smtp-url=${url}`, ...more, `--mail-from=${from}`],
      });
      await server.start();
      try {
        if (index > 0) {
          await server.addUser("b");
          await server.command(["user", "remove", "b", "--yes"]);
        }
        const mails = await mail.received(index > 0 ? 2 : 1);
        expect(mails.map(({ to }) => to)).toContain("ops@example.com");
        const found = await findSecret(password, {
          folders: [join(mail.folder, "mails"), store.folder],
          shared: [],
          since,
          texts: { log: server.output },
        });
        expect(found).toEqual([]);
      } finally {
        await server.stop();
      }
    }
  }, 120_000);

  test("what stands in the queue adds neither header nor recipient", async () => {
    await using mail = await MailServer.prepare();
    await mail.start();
    await using server = await startServer();
    await server.stop();
    const db = new Database(server.database);
    const now = new Date().toISOString();
    const insert = db.prepare("insert into mails values (?, ?, 0, ?, ?, ?, ?, 0, '')");
    const evil = "x\r\nBcc: eve@example.com\r\n\r\nbody";
    const recipients = [
      "joe@example.com",
      "joe@example.com\r\nRCPT TO:<eve@example.com>",
      "eve@example.com, joe",
    ];
    insert.run(crypto.randomUUID(), JSON.stringify(recipients), evil, ".\r\n.\r\nQUIT\r\n", now, now);
    db.close();
    const sender = new TestServer(server.folder, { database: server.database, serve: optionsFor(mail) });
    await sender.start();
    try {
      const [received, ...more] = await mail.received(1);
      expect(more).toEqual([]);
      expect(received?.to).toBe("joe@example.com");
      expect(received?.headers).not.toMatch(/^Bcc/im);
      expect(received?.body).toContain(".\n.\nQUIT\n");
      await says(
        sender,
        "to joe@example.com\\u{d}\\u{a}RCPT TO:<eve@example.com> was not sent: that is no e-mail address",
      );
      await says(sender, "to eve@example.com, joe was not sent: that is no e-mail address");
    } finally {
      await sender.stop();
    }
    expect(await mail.received(1)).toHaveLength(1);
    expect(queue(server)).toEqual([]);
  });
});
