// What the OpenAPI document promises of an answer.
import Ajv, { type ValidateFunction } from "ajv/dist/2020.js";
import type { Answer } from "../http/connection.ts";
import { jsonOf } from "../http/judge.ts";
import type { Operation } from "./description.ts";
import type { Schema } from "./sample.ts";

/** What a request is to show. */
export type Kind = "valid" | "no session" | "forbidden by its schema" | "another method";

export class Promises {
  readonly #ajv = new Ajv({ strict: false, validateFormats: false });
  readonly #validators = new Map<Schema, ValidateFunction>();

  /** @returns what is wrong with an answer; `null`: nothing */
  faultOf(operation: Operation, kind: Kind, answer: Answer): string | null {
    const { responses } = operation;
    const { status, headers, body } = answer;
    switch (kind) {
      case "no session":
        return status === 401 ? null : `${status} without a session, and the document asks for one`;
      case "another method":
        return status === 404 || status === 405
          ? null
          : `${status} to a method that the document does not have`;
      case "forbidden by its schema":
        return status >= 400 ? null : `${status} to what the document's schema forbids`;
    }
    const documented = responses[status] ?? (status >= 400 ? responses["default"] : undefined);
    if (documented === undefined) return `${status}, which the document does not know`;
    if (!operation.needsSession && status === 401 && !operation.path.endsWith("/session"))
      return "401 where the document asks for no session";
    const [type, content] = Object.entries(documented.content ?? {})[0] ?? [];
    if (type === undefined)
      return body.length === 0 ? null : `${body.length} octets, where the document says nothing`;
    if (!(headers.get("content-type") ?? "").startsWith(type))
      return `${headers.get("content-type")}, where the document says ${type}`;
    if (content === undefined || content.schema.format === "binary") return null;
    const validate = this.validator(content.schema);
    if (validate(jsonOf(body))) return null;
    return `an answer that the document's schema does not allow: ${this.#ajv.errorsText(validate.errors)}`;
  }

  validator(schema: Schema): ValidateFunction {
    let validate = this.#validators.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile(schema);
      this.#validators.set(schema, validate);
    }
    return validate;
  }
}
