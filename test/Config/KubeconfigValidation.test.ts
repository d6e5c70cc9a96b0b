import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as KubeconfigLoader from "../../src/Config/KubeconfigLoader.ts"
import * as KubeconfigValidation from "../../src/Config/KubeconfigValidation.ts"
import * as MemoryFiles from "./memoryFiles.ts"

const validate = (text: string, files: { readonly [path: string]: string } = {}) =>
  Effect.flatMap(KubeconfigLoader.load({ path: "/k" }), KubeconfigValidation.validate).pipe(
    Effect.provide(MemoryFiles.layer({ "/k": text, ...files }))
  )

const messages = (text: string, files?: { readonly [path: string]: string }) =>
  Effect.map(Effect.flip(validate(text, files)), (error) => error.message.split("\n"))

it.effect("finds nothing wrong with what can be used", () =>
  validate(
    `current-context: a
clusters: [{name: c, cluster: {server: 'https://c', certificate-authority: ca.crt}}]
users: [{name: u, user: {client-certificate: u.crt, client-key: u.key}}, {name: v, user: {token: t, as: root, as-groups: [g]}}]
contexts: [{name: a, context: {cluster: c, user: u, namespace: n-1}}, {name: b, context: {cluster: c, user: v}}]
`,
    { "/ca.crt": "", "/u.crt": "", "/u.key": "" }
  ))

it.effect("finds everything that is wrong, whatever the current context is", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(
      yield* messages(`current-context: gone
clusters:
- name: empty
- name: files
  cluster: {server: 'https://c', certificate-authority: ca.crt}
users:
- name: files
  user: {client-certificate: u.crt, client-key: u.key}
- name: two
  user: {token: t, username: u, password: p}
- name: groups
  user: {as-groups: [g]}
contexts:
- name: empty
- name: dangling
  context: {cluster: none, user: none, namespace: Not_A_Label}
- context: {cluster: files, user: two}
`),
      [
        "current-context: the context \"gone\" does not exist",
        "/k: contexts[\"empty\"].context.user: the context names no user",
        "/k: contexts[\"empty\"].context.cluster: the context names no cluster",
        "/k: contexts[\"dangling\"].context.user: the user \"none\" does not exist",
        "/k: contexts[\"dangling\"].context.cluster: the cluster \"none\" does not exist",
        "/k: contexts[\"dangling\"].context.namespace: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        "/k: contexts[\"\"].context: the name is empty",
        "/k: users[\"files\"].user.client-certificate: cannot read /u.crt: no such file",
        "/k: users[\"files\"].user.client-key: cannot read /u.key: no such file",
        "/k: users[\"two\"].user.token: a token and a user name with password exclude each other",
        "/k: users[\"groups\"].user.as: as-uid, as-groups and as-user-extra need as, the user to impersonate",
        "/k: clusters[\"empty\"].cluster.server: the address of the server is missing",
        "/k: clusters[\"files\"].cluster.certificate-authority: cannot read /ca.crt: no such file"
      ]
    )
  }))

it.effect("says that there is nothing at all", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* messages("kind: Config\n"), [
      "no cluster is configured: /k chooses no context (there are no contexts), and this process does not run in a pod"
    ])
  }))
