/**
 * What is in a cluster before anybody writes to it.
 *
 * @internal
 */
import * as Result from "effect/Result"
import type * as Json from "../../Machinery/Json.ts"
import * as Controllers from "./controllers.ts"
import * as Decoding from "./decoding.ts"
import * as Registry from "./registry.ts"
import type * as Server from "./server.ts"
import * as Store from "./store.ts"
import * as Write from "./write.ts"

/** An empty server, and the state to begin with. */
export const make = (options: {
  readonly apis: Registry.Apis
  readonly historyLimit: number
  readonly hasGarbageCollector: boolean
}): Server.Server => ({
  store: Store.make(options.historyLimit),
  builtIns: Registry.builtIns(options.apis),
  customs: new Map(),
  uids: new Map(),
  dependents: new Map(),
  hasGarbageCollector: options.hasGarbageCollector,
  nextAddress: 1,
  nextNodePort: 0
})

const objects: ReadonlyArray<readonly [plural: string, namespace: string, object: Json.JsonObject]> = [
  ...["default", "kube-node-lease", "kube-public", "kube-system"].map((name) =>
    ["/v1/namespaces", "", { metadata: { name } }] as const
  ),
  ["scheduling.k8s.io/v1/priorityclasses", "", { metadata: { name: "system-cluster-critical" }, value: 2000000000 }],
  ["scheduling.k8s.io/v1/priorityclasses", "", { metadata: { name: "system-node-critical" }, value: 2000001000 }],
  ["/v1/services", "default", {
    metadata: { name: "kubernetes", labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      clusterIP: "10.96.0.1",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }]
    }
  }]
]

/** Fills a server with the namespaces and objects that every cluster begins with. */
export const fill = (server: Server.Server, call: Server.Call): void => {
  for (const [key, namespace, object] of objects) {
    const served = server.builtIns.get(key)
    if (served === undefined) continue
    const write: Write.Write = {
      server,
      call,
      served,
      namespace,
      name: "",
      subresource: "",
      options: { isDryRun: false, fieldManager: "kube-apiserver", fieldValidation: "Ignore", force: undefined }
    }
    // These objects are known to be valid.
    Result.flatMap(Decoding.refine(call, served, object, [], "Ignore"), (refined) => Write.create(write, refined))
  }
  Controllers.settle(server, call)
}

/** Builds the indexes of a server whose store was put back. */
export const reindex = (server: Server.Server, call: Pick<Server.Call, "now">): void => {
  server.uids.clear()
  server.dependents.clear()
  server.store.pending.length = 0
  for (const [table, { objects }] of server.store.tables) {
    for (const [key, after] of objects) {
      server.store.pending.push({
        table,
        change: { revision: server.store.revision, key, after, before: after, last: undefined }
      })
    }
  }
  Controllers.settle(server, call)
}
