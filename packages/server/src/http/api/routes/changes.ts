import { CommitAnswer, CommitRequest, Upload } from "@pstore/core/api/schemas";
import { uuidPattern } from "@pstore/core/names";
import * as v from "valibot";
import { applyCommit } from "../../../services/commits/commits.ts";
import { receiveUpload } from "../../../services/uploads.ts";
import { bodyOf, maxCommitSize } from "../../body.ts";
import { paceOfProducers } from "../../pace.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";

export const changeRoutes: readonly Route[] = [
  route(
    {
      method: "PUT",
      path: "/uploads/:id",
      summary: "Stores a large public value or body, under a random UUID of the client's, for one commit",
      action: "upload",
      session: true,
      pathParameters: { id: v.pipe(v.string(), v.regex(uuidPattern)) },
      answer: Upload,
    },
    async ({ dependencies: { db, limits, pace, observer }, caller, path, request }) => {
      const upload = await receiveUpload(db, caller, path.id, bodyOf(request, paceOfProducers(pace)), limits);
      observer.uploaded(upload.size);
      return json(upload);
    },
  ),
  route(
    {
      method: "POST",
      path: "/commits",
      summary: "Applies a signed commit, all of it or nothing; the same bytes again are answered the same",
      action: "commit",
      session: true,
      body: CommitRequest,
      maxBodySize: maxCommitSize,
      answer: CommitAnswer,
    },
    async ({ dependencies, caller, body }) => json(await applyCommit(dependencies, caller, body)),
  ),
];
