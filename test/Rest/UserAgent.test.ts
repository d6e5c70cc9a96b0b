import { assert, it } from "@effect/vitest"
import * as UserAgent from "../../src/Rest/UserAgent.ts"

it("has client-go's form", () => {
  assert.strictEqual(
    UserAgent.make({ command: "kubectl", version: "v1.36.3", os: "linux", arch: "amd64", commit: "0123456789" }),
    "kubectl/v1.36.3 (linux/amd64) kubernetes/0123456"
  )
})

it("cuts paths, pre-release versions and commits, and says unknown for what is not known", () => {
  assert.strictEqual(
    UserAgent.make({ command: "/usr/bin/demo.ts", version: "v1.0.0-alpha.1+x", os: "win32", arch: "x64", commit: "" }),
    "demo.ts/v1.0.0 (windows/amd64) kubernetes/unknown"
  )
  assert.strictEqual(UserAgent.make({}), "unknown/unknown (unknown/unknown) kubernetes/unknown")
  assert.strictEqual(
    UserAgent.make({ command: "C:\\bin\\demo.exe", arch: "riscv64" }),
    "demo.exe/unknown (unknown/riscv64) kubernetes/unknown"
  )
})
