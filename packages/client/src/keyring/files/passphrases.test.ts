import { describe, expect, test } from "bun:test";
import { Problem } from "@pstore/core/problem";
import { type Asker, Passphrases } from "./passphrases.ts";

/** A person who types these, one after the other, and what they saw. */
function person(...typed: string[]) {
  const asked: string[] = [];
  const notices: string[] = [];
  const asker: Asker = {
    secret: async (question, refusal) => {
      asked.push(question);
      const answer = typed.shift();
      if (answer === undefined) throw new Problem("no-terminal", refusal);
      return answer;
    },
    notice: (text) => notices.push(text),
  };
  return { asker, asked, notices };
}

/** A lock that one passphrase opens. */
const lock = (right: string) => async (given: string) => (given === right ? { right } : null);

const refusal = (code: string, message: string) => ({ code, message: expect.stringContaining(message) });

describe("a typed passphrase", () => {
  test("is asked for once, and tried first for every further key", async () => {
    const { asker, asked, notices } = person("one", "two");
    const passphrases = new Passphrases(asker, null);
    expect(await passphrases.unlock("~/a", lock("one"))).toEqual({ right: "one" });
    expect(notices).toEqual([]);
    await passphrases.unlock("~/b", lock("one"));
    expect(notices).toEqual(["re-using cached password"]);
    expect(asked).toEqual(["Passphrase for ~/a: "]);
    await passphrases.unlock("~/c", lock("two"));
    await passphrases.unlock("~/d", lock("one"));
    await passphrases.unlock("~/e", lock("two"));
    expect(asked).toEqual(["Passphrase for ~/a: ", "Passphrase for ~/c: "]);
  });

  test("that is wrong is asked for again, three times in all", async () => {
    const { asker, asked } = person("x", "", "one", "x", "y", "z", "one");
    const passphrases = new Passphrases(asker, null);
    await passphrases.unlock("~/a", lock("one"));
    expect(asked).toEqual([
      "Passphrase for ~/a: ",
      "wrong passphrase, try again (2 left)\nPassphrase for ~/a: ",
      "wrong passphrase, try again (1 left)\nPassphrase for ~/a: ",
    ]);
    await expect(passphrases.unlock("~/b", lock("two"))).rejects.toMatchObject(
      refusal("no-private-key", "~/b was not unlocked: the passphrase was wrong 3 times"),
    );
    expect(asked).toHaveLength(6);
  });

  test("is said to be used again only where one was typed", async () => {
    const { asker, notices } = person("one");
    const passphrases = new Passphrases(asker, null);
    passphrases.usedAgain();
    expect(notices).toEqual([]);
    await passphrases.unlock("~/a", lock("one"));
    passphrases.usedAgain();
    expect(notices).toEqual(["re-using cached password"]);
  });

  test("that is wrong in an unexpected way ends at once", async () => {
    const { asker, asked } = person("one", "one");
    const damaged = async () => {
      throw new Problem("no-private-key", "damaged");
    };
    await expect(new Passphrases(asker, null).unlock("~/a", damaged)).rejects.toThrow("damaged");
    expect(asked).toHaveLength(1);
  });

  test("is asked for with the name of the file in one line", async () => {
    const { asker, asked } = person("one");
    await new Passphrases(asker, null).unlock("a\u001b[2J\nb", lock("one"));
    expect(asked).toEqual(["Passphrase for a\\u{1b}[2J\\nb: "]);
  });
});

test("where nobody can be asked, both other ways are named", async () => {
  const { asker } = person();
  await expect(new Passphrases(asker, null).unlock("~/a", lock("one"))).rejects.toMatchObject(
    refusal(
      "no-terminal",
      "there is no terminal to ask for the passphrase of ~/a at; set PSTORE_PASSPHRASE_FILE to a file that holds it, or give --passphrase-fd",
    ),
  );
  await expect(new Passphrases(null, null).unlock("~/a", lock("one"))).rejects.toMatchObject(
    refusal("no-private-key", "~/a needs a passphrase, and nobody may be asked"),
  );
});

describe("a passphrase that was given", () => {
  const given = (text: string) => async () => ({ text, origin: "~/pass ($PSTORE_PASSPHRASE_FILE)" });

  test("is read once, and nobody is asked or told", async () => {
    const { asker, asked, notices } = person("one");
    let read = 0;
    const passphrases = new Passphrases(asker, async () => {
      read++;
      return given("one")();
    });
    await passphrases.unlock("~/a", lock("one"));
    await passphrases.unlock("~/b", lock("one"));
    passphrases.usedAgain();
    expect({ read, asked, notices }).toEqual({ read: 1, asked: [], notices: [] });
  });

  test("that is wrong ends the command, with where it came from and no word of it", async () => {
    const { asker, asked } = person("two");
    const passphrases = new Passphrases(asker, given("hidden"));
    const error = await passphrases.unlock("~/a", lock("two")).catch((fault: Problem) => fault);
    expect(error).toMatchObject(
      refusal("no-private-key", "the passphrase in ~/pass ($PSTORE_PASSPHRASE_FILE) is not that of ~/a"),
    );
    expect(JSON.stringify(error)).not.toContain("hidden");
    expect(asked).toEqual([]);
  });
});
