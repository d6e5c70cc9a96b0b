/**
 * `PluginPolicy`: which programs a kubeconfig may make this process run.
 *
 * A kubeconfig that names an exec plugin is a program that somebody else chose. ExecCredential asks the policy of its
 * fiber before it runs one; without a policy all may run, as in client-go.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Environment from "./internal/environment.ts"
import * as KubeconfigError from "./KubeconfigError.ts"

/**
 * - `AllowAll`: any program.
 * - `DenyAll`: none.
 * - `Allowlist`: those named. A name without a separator is looked up in PATH, on both sides: what is compared is the
 *   program that would run.
 *
 * @category models
 * @since 0.1.0
 */
export type PluginPolicy =
  | { readonly _tag: "AllowAll" }
  | { readonly _tag: "DenyAll" }
  | { readonly _tag: "Allowlist"; readonly commands: ReadonlyArray<string> }

/**
 * The policy in force. Default: `AllowAll`, as in client-go.
 *
 * @category services
 * @since 0.1.0
 */
export const CurrentPluginPolicy: Context.Reference<PluginPolicy> = Context.Reference(
  "effect-kubernetes/Config/PluginPolicy",
  { defaultValue: (): PluginPolicy => ({ _tag: "AllowAll" }) }
)

/**
 * Refuses a policy that cannot mean what it says: an empty list, an empty or unclean path. Fails with `Invalid`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const validate: (
  policy: PluginPolicy
) => Effect.Effect<void, KubeconfigError.KubeconfigError, Path.Path> = Effect.fnUntraced(function*(policy) {
  if (policy._tag !== "Allowlist") return
  const path = yield* Path.Path
  const fail = (description: string) => KubeconfigError.invalid({ member: "the allowlist of plugins", description })
  if (policy.commands.length === 0) return yield* fail("is empty; use DenyAll to allow none")
  for (const [index, command] of policy.commands.entries()) {
    if (command === "") return yield* fail(`entry ${index + 1} is empty`)
    const clean = path.normalize(command)
    if (clean !== command) return yield* fail(`entry ${index + 1} is ${command}, which has to be written ${clean}`)
  }
})

/**
 * What a policy says about a command.
 *
 * @category models
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "Allowed"; readonly command: string }
  | { readonly _tag: "Denied"; readonly description: string }

/**
 * Asks a policy about a command. With an allowlist, what is allowed is the program that was found, not its name.
 *
 * @category accessors
 * @since 0.1.0
 */
export const check: (
  policy: PluginPolicy,
  command: string
) => Effect.Effect<Verdict, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function*(policy, command) {
  if (policy._tag === "AllowAll") return { _tag: "Allowed", command }
  if (policy._tag === "DenyAll") {
    return { _tag: "Denied", description: `the plugin ${command} may not run: the policy denies all plugins` }
  }
  const path = yield* Path.Path
  const resolved = yield* lookUp(command)
  if (
    policy.commands.includes(path.normalize(command)) || (resolved !== undefined && policy.commands.includes(resolved))
  ) {
    return { _tag: "Allowed", command: resolved ?? command }
  }
  if (resolved === undefined) {
    return {
      _tag: "Denied",
      description: `the plugin ${command} may not run: it is not found, so no allowlist can hold it`
    }
  }
  for (const entry of policy.commands) {
    if (path.basename(entry) === path.basename(resolved) && (yield* lookUp(entry)) === resolved) {
      return { _tag: "Allowed", command: resolved }
    }
  }
  return { _tag: "Denied", description: `the plugin ${resolved} may not run: it is not in the allowlist` }
})

// As a shell would: a name with a separator is a path, any other is looked for in PATH.
const lookUp = Effect.fnUntraced(function*(command: string) {
  const path = yield* Path.Path
  const variable = yield* Effect.orElseSucceed(Environment.variable("PATH"), () => undefined)
  const candidates = command.includes(path.sep)
    ? [path.resolve(command)]
    : (variable ?? "").split(path.sep === "\\" ? ";" : ":").filter((folder) => path.isAbsolute(folder)).map((folder) =>
      path.join(folder, command)
    )
  for (const candidate of candidates) {
    if (yield* isExecutable(candidate)) return candidate
  }
  return undefined
})

const isExecutable = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(path).pipe(
    Effect.map((info) => info.type === "File" && (info.mode & 0o111) !== 0),
    Effect.orElseSucceed(() => false)
  )
})
