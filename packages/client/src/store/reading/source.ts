import type { ObjectDetail } from "@pstore/core/api/schemas";
import type { Manifest } from "@pstore/core/manifest";

/** A property of an object whose manifest was verified. */
export interface Source {
  readonly manifest: Manifest;
  readonly detail: ObjectDetail;
  readonly property: string;
}
