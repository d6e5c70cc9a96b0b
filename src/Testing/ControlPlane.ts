/**
 * `ControlPlane`: a real Kubernetes control plane as a resource, for the tests that only the real one can answer.
 *
 * The service says where it is and lets a test be cruel to it: kill a component, start it again, compact etcd under an
 * open watch. `NodeControlPlane` starts the processes; what happens to them is the business of its scope. The profile
 * `full` adds controller-manager, scheduler and kwok, which plays the kubelet: pods turn Running, and exec, logs and
 * port-forward answer through the real kube-apiserver.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * One process of the control plane, by the name of its program.
 *
 * @category models
 * @since 0.1.0
 */
export type Component = typeof Component.Type

/**
 * @category schemas
 * @since 0.1.0
 */
export const Component = Schema.Literals([
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok"
])

/**
 * A component that is not there, did not become ready, or did not do what it was asked.
 *
 * @category errors
 * @since 0.1.0
 */
export class ControlPlaneError
  extends Schema.TaggedError<ControlPlaneError>("effect-kubernetes/Testing/ControlPlaneError")("ControlPlaneError", {
    /**
     * `Missing`: there is no such program. `Exited`: it ended by itself, most often as a port was taken. `NotReady`:
     * it runs and does not answer. `Refused`: it answered, and not with success.
     */
    reason: Schema.Literals(["Missing", "Exited", "NotReady", "Refused"]),
    component: Component,
    /** What was seen: an address, an answer, or the last lines of the component's log. */
    detail: Schema.String
  })
{
  override get message(): string {
    return `${this.component} ${this.reason}: ${this.detail}`
  }
}

/**
 * A user beyond the three that are always there.
 *
 * @category models
 * @since 0.1.0
 */
export interface User {
  /** The user's name, and that of its context in the kubeconfig. */
  readonly name: string
  /** Its groups; `system:masters` may do everything. None unless given, so that RBAC decides. */
  readonly groups?: ReadonlyArray<string> | undefined
}

/**
 * What to start.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * The folder with the programs: one `controlplane` as `test/cluster/build.sh` makes it, or `etcd` and
   * `kube-apiserver` side by side as in the archives of envtest; `kwok` with its `stages` where pods should run.
   */
  readonly binaries: string
  /** `apiserver` is etcd and kube-apiserver (about 2 s), `full` everything (about 4 s, 0.7 GiB). `full` unless given. */
  readonly profile?: "apiserver" | "full" | undefined
  /** How many nodes kwok plays, in the profile `full`. 1 unless given. */
  readonly nodes?: number | undefined
  /** Users beside `admin`, `cert` and `nobody`. None unless given. */
  readonly users?: ReadonlyArray<User> | undefined
  /** Flags that a component gets last, so that they win. None unless given. */
  readonly flags?: Partial<Readonly<Record<Component, ReadonlyArray<string>>>> | undefined
}

/**
 * A running control plane. All of it lives as long as the scope it was made in, and no process outlives the program.
 *
 * @category services
 * @since 0.1.0
 */
export class ControlPlane extends Context.Service<ControlPlane, {
  /** `https://127.0.0.1:PORT`. The port stays when kube-apiserver is started again. */
  readonly server: string
  /**
   * The path of a kubeconfig. Contexts: `admin` (current, a token), `cert` (a client certificate), both in
   * `system:masters`, `nobody` (a token and no rights), and one for each user of the options.
   */
  readonly kubeconfig: string
  /** Holds the logs (`kube-apiserver.log`), the certificates (`authority.crt`) and etcd's data. Removed at the end. */
  readonly directory: string
  /** In CRI format; what `logs` and `attach` of any pod answer. A test may append to it. */
  readonly podLog: string
  /** A port of 127.0.0.1 that port 8080 of any pod is forwarded to. Nobody listens there until a test does. */
  readonly forwardPort: number
  /** SIGKILL, and waits for the end. Nothing happens where the component does not run. */
  readonly kill: (component: Component) => Effect.Effect<void>
  /** Starts a component that was killed, on its old port and data, and waits until it answers. */
  readonly start: (component: Component) => Effect.Effect<void, ControlPlaneError>
  /** Has etcd forget all history: resourceVersions handed out before are Expired once kube-apiserver's cache lost them. */
  readonly compact: Effect.Effect<void, ControlPlaneError>
}>()("effect-kubernetes/Testing/ControlPlane") {}
