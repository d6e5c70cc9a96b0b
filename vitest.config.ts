import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** `effect-kubernetes/…` means the sources here, as the condition `@effect-kubernetes/source` makes it mean for Node. */
export const alias = [
  { find: /^effect-kubernetes$/, replacement: new URL("./src/index.ts", import.meta.url).pathname },
  { find: /^effect-kubernetes\/(.*)$/, replacement: new URL("./src/$1", import.meta.url).pathname }
]

// What takes longest begins first, so that no worker waits for another at the end. A fresh clone knows no durations.
const long = [
  "Informer/Convergence",
  "Testing/NodeApiServer",
  "Controller/ControllerFuzz",
  "LeaderElection/LeaderElectorModel",
  "Rest/NodeTransport",
  "package/Size",
  "Informer/Sockets",
  "Testing/FaultyInformer",
  "Config/KubeconfigFiles",
  "Testing/Conformance"
]

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = long.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return index < 0 ? long.length : index
    }
    return (await super.sort(files)).sort((left, right) => rank(left) - rank(right))
  }
}

// One worker context for all files (`isolate: false`): a worker start costs about 0.1 s a file,
// and tests here keep no module-global state.
export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/cluster/**", "test/types/**", "**/node_modules/**"],
    // A guard against what hangs, far above what any test takes: machines that run this may be shared and slow.
    testTimeout: 60_000,
    isolate: false,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ["default"]
  }
})
