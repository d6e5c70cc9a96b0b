/**
 * The control plane that `globalSetup` started, as the suites see it.
 */
import { inject } from "vitest"

/** What of a `ControlPlane` can be told to another process, and the folder of its programs to start one's own from. */
export interface TestCluster {
  readonly binaries: string
  readonly directory: string
  readonly forwardPort: number
  readonly kubeconfig: string
  readonly podLog: string
  readonly server: string
}

declare module "vitest" {
  interface ProvidedContext {
    readonly cluster: TestCluster
  }
}

/** Shared by all suites: each keeps to namespaces of its own. Whoever kills or compacts starts one of his own. */
export const cluster: TestCluster = inject("cluster")
