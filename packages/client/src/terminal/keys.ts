/** What a key does to a line that is typed; a text belongs to it. A line feed comes from a paste alone. */
export type Key =
  | { readonly text: string }
  | "enter"
  | "end"
  | "interrupt"
  | "quit"
  | "suspend"
  | "erase"
  | "erase-word"
  | "erase-line";

/** The control characters that a terminal's own line mode understands (termios(3)), with their usual keys. */
const controls: Readonly<Record<string, Key>> = {
  "\r": "enter",
  "\n": "enter",
  "\u0003": "interrupt",
  "\u0004": "end",
  "\u001a": "suspend",
  "\u001c": "quit",
  "\u007f": "erase",
  "\b": "erase",
  "\u0015": "erase-line",
  "\u0017": "erase-word",
};

/** Where in an escape sequence the next character stands. */
type Place = "text" | "escape" | "control" | "console" | "single" | "string";

/**
 * Tells keys apart in what a terminal sends: arrow and function keys, pastes and answers of the terminal come as escape
 * sequences (ECMA-48, 5.4 and 5.6; xterm's ctlseqs), which are no part of any line.
 */
export class Keys {
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #place: Place = "text";
  #parameters = "";
  #isPasting = false;
  /** Line feeds of a paste; those at its end are not meant. */
  #lineFeeds = "";

  /** The keys in the next bytes; a sequence may be cut anywhere. */
  read(bytes: Uint8Array): readonly Key[] {
    return [...this.#utf8.decode(bytes, { stream: true })].flatMap(
      (character) => this.#next(character) ?? [],
    );
  }

  /** Nothing has come for a while: an escape that was typed by itself begins no sequence. */
  settle(): void {
    this.#place = "text";
  }

  #next(character: string): Key | null {
    if (character === "\u001b") {
      this.#place = "escape";
      return null;
    }
    // A key such as Enter ends what looked like a sequence: else nobody could leave the question.
    if (this.#place === "text" || Object.hasOwn(controls, character)) {
      this.#place = "text";
      return this.#key(character);
    }
    this.#sequence(character);
    return null;
  }

  #sequence(character: string): void {
    switch (this.#place) {
      case "escape":
        this.#parameters = "";
        if (character === "[") this.#place = "control";
        else if (character === "O") this.#place = "single";
        else this.#place = "]PX^_".includes(character) ? "string" : "text";
        return;
      case "control":
        if (character === "[" && this.#parameters === "") this.#place = "console";
        else if (/[\x20-\x3f]/.test(character)) this.#parameters += character;
        else this.#end(character);
        return;
      case "single":
        if (!/[\d;]/.test(character)) this.#place = "text";
        return;
      case "string":
        if (character === "\u0007" || character === "\u009c") this.#place = "text";
        return;
      default:
        this.#place = "text";
    }
  }

  #end(final: string): void {
    this.#place = "text";
    if (final !== "~" || !/^20[01]$/.test(this.#parameters)) return;
    this.#isPasting = this.#parameters === "200";
    this.#lineFeeds = "";
  }

  #key(character: string): Key | null {
    if (character === "\u009b") {
      this.#place = "control";
      this.#parameters = "";
      return null;
    }
    const key = controls[character];
    if (this.#isPasting && key !== "interrupt") return this.#pasted(character);
    if (key !== undefined) return key;
    return /\p{Cc}/u.test(character) ? null : { text: character };
  }

  #pasted(character: string): Key | null {
    if (character === "\r" || character === "\n") {
      this.#lineFeeds += "\n";
      return null;
    }
    if (character !== "\t" && /\p{Cc}/u.test(character)) return null;
    const text = this.#lineFeeds + character;
    this.#lineFeeds = "";
    return { text };
  }
}
