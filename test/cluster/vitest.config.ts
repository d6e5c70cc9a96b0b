import { defineConfig } from "vitest/config"
import { alias } from "../../vitest.config.ts"

// Files run one after another: they share one control plane, and two processors.
export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/cluster/**/*.test.ts"],
    globalSetup: ["test/cluster/globalSetup.ts"],
    isolate: false,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default"]
  }
})
