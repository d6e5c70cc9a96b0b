import { defineConfig } from "vitest/config"

/** `effect-kubernetes/…` means the sources here, as the condition `@effect-kubernetes/source` makes it mean for Node. */
export const alias = [
  { find: /^effect-kubernetes$/, replacement: new URL("./src/index.ts", import.meta.url).pathname },
  { find: /^effect-kubernetes\/(.*)$/, replacement: new URL("./src/$1", import.meta.url).pathname }
]

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
    reporters: ["default"]
  }
})
