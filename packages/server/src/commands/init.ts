import { Problem } from "@pstore/core/problem";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp, databaseOption } from "../cli/command.ts";
import { readKeyFile } from "../cli/key-file.ts";
import { newPassword } from "../cli/password.ts";
import { describeKey } from "../cli/shown-key.ts";
import { databaseLocation } from "../config.ts";
import { shownLocation } from "../database/location.ts";
import { createTables } from "../database/migrate.ts";
import { addUser, createStore } from "../services/accounts.ts";
import { addKey, checkKey } from "../services/keys.ts";
import { inNewDatabase } from "../services/new-database.ts";

const usage = "pstore-server init --admin NAME [--key FILE] [--email E] [--password-file FILE]";

export const init: Command = {
  name: "init",
  summary: "make a new store with an admin account",
  help: `${usage}

Makes a new, empty store: the database, and in it the account of an admin.
Asks at the terminal for the admin's password for the web, which the pstore
command never needs; with Enter alone, or without a terminal, the account gets
none, until 'pstore-server user password' sets one.

  --admin NAME         the admin's user name (required)
  --key FILE           the admin's public key: an armored OpenPGP block, or the
                       line of an SSH key's .pub file
  --email E            the admin's e-mail address
  --password-file FILE holds the password, at least 12 characters, in its first
                       line
${commonHelp}`,

  async run(argv, io) {
    const { values } = readArguments(
      argv,
      {
        admin: { type: "string" },
        key: { type: "string" },
        email: { type: "string" },
        "password-file": { type: "string" },
      },
      { least: 0, most: 0, usage },
    );
    const name = values.admin;
    if (name === undefined) throw new Problem("usage", `--admin is missing; usage: ${usage}`);
    const location = databaseLocation(values, io.env);
    const option = databaseOption(values, io);
    const key =
      values.key === undefined
        ? null
        : { user: name, block: readKeyFile(values.key), writeOnly: false, description: "" };
    // Nothing is made before all that can be wrong was looked at.
    if (key !== null) await checkKey(key);
    await inNewDatabase(location, async (db) => {
      const answer = await newPassword(io, values["password-file"], name, { orNone: true });
      const password = typeof answer === "string" ? null : answer.password;
      await createTables(db);
      const store = await createStore(db);
      const actor = commandActor();
      await addUser(db, actor, {
        name,
        email: values.email ?? "",
        fullName: "",
        staff: true,
        superuser: true,
        viewAny: false,
        password,
      });
      if (typeof answer === "string") {
        io.stderr(
          `${answer === "none" ? "" : "there is no terminal to ask at, and so "}no web password: ${name} signs in to the web admin by key (pstore --web), and by password once 'pstore-server user password ${name}${option}' sets one\n`,
        );
      }
      io.stdout(`store     ${store.id}\ndatabase  ${shownLocation(location)}\nadmin     ${name}\n`);
      if (key !== null) io.stdout(describeKey(name, await addKey(db, actor, key), new Date()));
      io.stdout(next(name, key !== null, option));
    });
    return 0;
  },
};

function next(name: string, hasKey: boolean, database: string): string {
  const keyStep = hasKey
    ? ""
    : `  gpg --armor --export YOU@EXAMPLE.COM | pstore-server key add${database} ${name} -\n`;
  return `
Next:
${keyStep}  pstore-server serve${database}
and on your own machine, in ~/.pstorerc:
  --store-url=http://127.0.0.1:8000 --user=${name}
then see whether all is well there, and open the web admin:
  pstore --doctor
  pstore --web
`;
}
