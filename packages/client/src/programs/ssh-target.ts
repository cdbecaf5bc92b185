type Environment = Readonly<Record<string, string | undefined>>;

/** Where ssh will go, all of its configuration considered. */
export interface Target {
  readonly user: string;
  readonly host: string;
  readonly port: string;
  /** By what name the host's key is known, where it is not the host's. */
  readonly hostKeyAlias: string | null;
}

/**
 * Asks ssh where it would go (`ssh -G`, since OpenSSH 6.8). `null` when it does not say: with `-V`, for example, or when
 * it refuses its words, which it says itself when it is run.
 */
export async function targetOf(
  ssh: string,
  words: readonly string[],
  env: Environment,
): Promise<Target | null> {
  const child = Bun.spawn([ssh, "-G", ...words], { stdin: "ignore", stdout: "pipe", stderr: "ignore", env });
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return code === 0 ? parseTarget(text) : null;
}

/** Reads what `ssh -G` prints: a keyword in small letters and its value on each line. */
export function parseTarget(text: string): Target | null {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    const keyword = line.slice(0, space);
    if (space > 0 && !values.has(keyword)) values.set(keyword, line.slice(space + 1));
  }
  const [user, host, port] = ["user", "hostname", "port"].map((keyword) => values.get(keyword));
  if (user === undefined || host === undefined || port === undefined) return null;
  return { user, host, port, hostKeyAlias: values.get("hostkeyalias") ?? null };
}

/**
 * The name by which the key of a host shall be known that is reached at an address from the store: the machine's, or the
 * one that ssh's configuration gives to the machine. Else whoever may change the address could lead the password to
 * another host, which ssh knows.
 * @param words those of the user alone: what the configuration says of the address and user from the store is no matter
 * @param target where all words lead
 */
export async function hostKeyAlias(
  ssh: string,
  words: readonly string[],
  target: Target | null,
  env: Environment,
): Promise<string> {
  const configured = target?.hostKeyAlias === null ? null : await targetOf(ssh, words, env);
  return configured?.hostKeyAlias ?? aliasFor(words[0] ?? "", target?.port ?? "22");
}

/** A host and port as ssh itself notes them in known_hosts (sshd(8)). */
export function aliasFor(host: string, port: string): string {
  const name = host.toLowerCase();
  return port === "22" ? name : `[${name}]:${port}`;
}

/** The options of ssh that let it know a host by this name alone, and not by what the DNS says of its address. */
export function knownAs(alias: string): readonly string[] {
  return ["-o", `HostKeyAlias=${alias}`, "-o", "VerifyHostKeyDNS=no"];
}

/**
 * Whether ssh asks for the password of this user at this host (sshconnect2.c): the one of its own prompts, or what the
 * host itself asks, which ssh marks with user and host since OpenSSH 8.5.
 */
export function isPasswordPrompt(prompt: string, { user, host, hostKeyAlias }: Target): boolean {
  const shown = hostKeyAlias ?? host.toLowerCase();
  if (prompt === `${user}@${shown}'s password: `) return true;
  const mark = `(${user}@${shown}) `;
  return prompt.startsWith(mark) && /^(\S+'s )?password( for [^\s:]+)?: ?$/i.test(prompt.slice(mark.length));
}
