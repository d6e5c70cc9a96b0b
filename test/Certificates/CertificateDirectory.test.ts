/**
 * Stores in real files. Most of client-go's TestFileStore cases, and what it leaves open.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as PlatformError from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { inspect } from "node:util"
import * as CertificateDirectory from "../../src/Certificates/CertificateDirectory.ts"
import type { CertificateError } from "../../src/Certificates/CertificateError.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"
import type { X509Error } from "../../src/X509/X509Error.ts"

const folder = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

const layer = Layer.merge(NodeServices.layer, PrivateKey.layerWebCrypto)

const pair = Effect.fnUntraced(function*(commonName: string) {
  const { certificate, key } = yield* NodeCertificate.make({ commonName })
  return { certificate, key: Redacted.make(key) }
})

const commonName = (store: Effect.Success<ReturnType<typeof CertificateDirectory.make>>) =>
  Effect.map(store.current, (pair) => Option.map(pair, ({ leaf }) => leaf.identity.commonName))

const update = Effect.fnUntraced(function*(
  store: Effect.Success<ReturnType<typeof CertificateDirectory.make>>,
  name: string
) {
  const { certificate, key } = yield* pair(name)
  return yield* store.update(certificate, key)
})

const open = (directory: string, more: Partial<CertificateDirectory.Options> = {}) =>
  CertificateDirectory.make({ name: "kubelet-server", directory, ...more })

it.effect("an empty folder, and one that is not there, is an empty store", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    assert.isTrue(Option.isNone(yield* (yield* open(directory)).current))
    assert.isTrue(Option.isNone(yield* (yield* open(path.join(directory, "a", "b"))).current))
    assert.deepStrictEqual(fs.readdirSync(directory), [])
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("an update is one file of mode 0600 with the time in its name, and a link to it", () =>
  Effect.gen(function*() {
    const directory = path.join(yield* folder, "pki")
    yield* TestClock.setTime(Date.UTC(2026, 0, 31, 23, 59, 59, 999))
    const store = yield* open(directory)
    const issuer = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
    const leaf = yield* NodeCertificate.make({ commonName: "node", issuer })
    yield* store.update(leaf.certificate + issuer.certificate, Redacted.make(`text\n${leaf.key}`))

    const file = path.join(directory, "kubelet-server-2026-01-31-23-59-59.pem")
    assert.deepStrictEqual(fs.readdirSync(directory).sort(), [
      "kubelet-server-2026-01-31-23-59-59.pem",
      "kubelet-server-current.pem"
    ])
    assert.strictEqual(fs.readlinkSync(path.join(directory, "kubelet-server-current.pem")), file)
    assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600)
    const text = fs.readFileSync(file, "utf8")
    assert.strictEqual(text, leaf.certificate + issuer.certificate + leaf.key)
    // What Go's and Node's TLS make of it.
    assert.isTrue(new crypto.X509Certificate(text).checkPrivateKey(crypto.createPrivateKey(text)))
    assert.deepStrictEqual(yield* commonName(yield* open(directory)), Option.some("node"))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("updates follow each other, within a second too, and all are kept", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    const store = yield* open(directory)
    for (const name of ["a", "b", "c"]) yield* update(store, name)
    assert.deepStrictEqual(yield* commonName(store), Option.some("c"))
    assert.deepStrictEqual(yield* commonName(yield* open(directory)), Option.some("c"))
    assert.deepStrictEqual(fs.readdirSync(directory).sort(), [
      "kubelet-server-1970-01-01-00-00-00-1.pem",
      "kubelet-server-1970-01-01-00-00-00-2.pem",
      "kubelet-server-1970-01-01-00-00-00.pem",
      "kubelet-server-current.pem"
    ])
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("updates at once are made one after the other, and each is told of", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    const store = yield* open(directory)
    const names = Array.from({ length: 8 }, (_, index) => `node-${index}`)
    const seen = yield* store.changes.pipe(
      Stream.take(9),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true })
    )
    yield* Effect.forEach(names, (name) => update(store, name), { concurrency: "unbounded" })
    assert.deepStrictEqual(yield* commonName(yield* open(directory)), yield* commonName(store))
    assert.strictEqual(fs.readdirSync(directory).length, 9)
    const told = (yield* Fiber.join(seen)).flatMap((each) =>
      Option.isSome(each) ? [each.value.leaf.identity.commonName] : []
    )
    assert.deepStrictEqual(told.toSorted(), names)
    assert.deepStrictEqual(Option.fromUndefinedOr(told.at(-1)), yield* commonName(store))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a relative folder is where the process was when the store was made", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    const store = yield* open(path.relative(process.cwd(), directory))
    yield* update(store, "node")
    assert.isTrue(path.isAbsolute(fs.readlinkSync(path.join(directory, "kubelet-server-current.pem"))))
    assert.deepStrictEqual(yield* commonName(yield* open(directory)), Option.some("node"))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("the current pair comes before the given files, and those before the files of the name", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    const write = Effect.fnUntraced(function*(name: string, certificate: string, key: string) {
      const made = yield* NodeCertificate.make({ commonName: name })
      fs.writeFileSync(certificate, made.certificate)
      fs.writeFileSync(key, made.key)
    })
    const keyDirectory = path.join(directory, "keys")
    fs.mkdirSync(keyDirectory)
    yield* write("named", path.join(directory, "kubelet-server.crt"), path.join(keyDirectory, "kubelet-server.key"))
    assert.isTrue(Option.isNone(yield* (yield* open(directory)).current))
    assert.deepStrictEqual(yield* commonName(yield* open(directory, { keyDirectory })), Option.some("named"))

    const initial = { certificate: path.join(directory, "given.crt"), key: path.join(directory, "given.key") }
    yield* write("given", initial.certificate, initial.key)
    const store = yield* open(directory, { keyDirectory, initial })
    assert.deepStrictEqual(yield* commonName(store), Option.some("given"))
    yield* update(store, "current")
    assert.deepStrictEqual(yield* commonName(yield* open(directory, { keyDirectory, initial })), Option.some("current"))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a rotation that was cut off after its file was written is finished", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    yield* update(yield* open(directory), "node")
    const link = (name: string) => path.join(directory, `kubelet-server-${name}.pem`)
    fs.renameSync(link("current"), link("updated"))
    assert.deepStrictEqual(yield* commonName(yield* open(directory)), Option.some("node"))
    assert.isTrue(fs.existsSync(link("current")))

    // With a current pair, the one that was being put in use is dropped by the next update.
    fs.symlinkSync("/nowhere", link("updated"))
    const store = yield* open(directory)
    assert.deepStrictEqual(yield* commonName(store), Option.some("node"))
    yield* update(store, "next")
    assert.isFalse(fs.existsSync(link("updated")))
    assert.deepStrictEqual(yield* commonName(yield* open(directory)), Option.some("next"))
  }).pipe(Effect.scoped, Effect.provide(layer)))

const failure = <A>(exit: Exit.Exit<A, CertificateError | X509Error>) =>
  Option.getOrThrow(Exit.findErrorOption(exit)).reason

for (const name of ["current", "updated"]) {
  it.effect(`a file where the link "${name}" should be is left alone, and nothing is written`, () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const store = yield* open(directory)
      yield* update(store, "before")
      const before = fs.readdirSync(directory).length
      const file = path.join(directory, `kubelet-server-${name}.pem`)
      fs.rmSync(file, { force: true })
      fs.writeFileSync(file, "precious")
      const reason = failure(yield* Effect.exit(update(store, "after")))
      assert.strictEqual(reason._tag, "Store")
      assert.include(reason.message, `${file}: a symbolic link was expected, and there is a File`)
      assert.strictEqual(fs.readFileSync(file, "utf8"), "precious")
      assert.isAtMost(fs.readdirSync(directory).length, before + 1)
      assert.deepStrictEqual(yield* commonName(store), Option.some("before"))
    }).pipe(Effect.scoped, Effect.provide(layer)))
}

it.effect("what is no pair changes nothing", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    const store = yield* open(directory)
    const one = yield* pair("one")
    const two = yield* pair("two")
    const wrong = [
      [one.certificate, two.key, "Mismatch"],
      ["", one.key, "Malformed"],
      [one.certificate, Redacted.make(""), "Malformed"],
      [one.certificate.slice(0, 200), one.key, "Malformed"]
    ] as const
    for (const [certificate, key, tag] of wrong) {
      assert.strictEqual(failure(yield* Effect.exit(store.update(certificate, key)))._tag, tag)
    }
    assert.deepStrictEqual(fs.readdirSync(directory), [])
    assert.isTrue(Option.isNone(yield* store.current))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a current pair that cannot be used fails the store, without showing it", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    const file = path.join(directory, "kubelet-server-current.pem")
    const one = yield* NodeCertificate.make({ commonName: "one" })
    const two = yield* NodeCertificate.make({ commonName: "two" })
    for (const [text, tag] of [["", "Malformed"], [one.certificate + two.key, "Mismatch"]] as const) {
      fs.writeFileSync(file, text)
      const exit = yield* Effect.exit(open(directory))
      assert.strictEqual(failure(exit)._tag, tag)
      assert.notInclude(inspect(exit, { depth: 20, showHidden: true }), two.key.split("\n")[1] ?? "no key")
    }
    fs.rmSync(file)
    fs.mkdirSync(file)
    const reason = failure(yield* Effect.exit(open(directory)))
    assert.strictEqual(reason._tag, "Store")
    assert.include(reason.message, file)
  }).pipe(Effect.scoped, Effect.provide(layer)))

/** Whoever opens a folder while operations on files fail from the given one on. */
const breaking = Effect.fnUntraced(function*(last: number) {
  const real = yield* FileSystem.FileSystem
  const state = { isBroken: false, count: 0, lasts: 1 }
  const guard = <A, R>(effect: Effect.Effect<A, PlatformError.PlatformError, R>) =>
    Effect.suspend(() => {
      const index = state.isBroken ? state.count++ : -1
      return index >= last && index < last + state.lasts
        ? Effect.fail(PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "test" }))
        : effect
    })
  const files = FileSystem.FileSystem.of({
    ...real,
    makeDirectory: (path, options) => guard(real.makeDirectory(path, options)),
    lstat: (path) => guard(real.lstat(path)),
    open: (path, options) =>
      guard(real.open(path, options)).pipe(
        Effect.map((file) =>
          new Proxy(file, {
            get: (target, name) =>
              name === "writeAll"
                ? (bytes: Uint8Array) => guard(target.writeAll(bytes))
                : Reflect.get(target, name, target)
          })
        )
      ),
    symlink: (from, to) => guard(real.symlink(from, to)),
    rename: (from, to) => guard(real.rename(from, to)),
    remove: (path, options) => guard(real.remove(path, options))
  })
  return { files, state }
})

// The promise that a process may die at any moment: each operation on files in turn is the last one.
for (const first of ["old", undefined]) {
  it.effect(`whatever operation on files is the last, ${first ?? "none"} or the new pair is in use afterwards`, () =>
    Effect.gen(function*() {
      const outcomes: Array<string | undefined> = []
      for (let last = 0; last < 9; last++) {
        const directory = yield* folder
        if (first !== undefined) yield* update(yield* open(directory), first)
        const { files, state } = yield* breaking(last)
        const store = yield* Effect.provideService(open(directory), FileSystem.FileSystem, files)
        state.isBroken = true
        state.lasts = Infinity
        const exit = yield* Effect.exit(update(store, "new"))
        const inUse = Option.getOrUndefined(yield* commonName(store))
        assert.strictEqual(inUse, Exit.isSuccess(exit) ? "new" : first)
        const after = Option.getOrUndefined(yield* commonName(yield* open(directory)))
        // Of a process that died between the two steps of the first rotation, the next one finishes it.
        if (after !== inUse) assert.deepStrictEqual([first, after], [undefined, "new"])
        outcomes.push(after)
      }
      assert.include(outcomes, first)
      assert.strictEqual(outcomes.at(-1), "new")
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.effect(`an operation on files that fails leaves ${first ?? "none"} in use, no file behind, and the next update works`, () =>
    Effect.gen(function*() {
      let failed = 0
      for (let last = 0; last < 8; last++) {
        const directory = yield* folder
        if (first !== undefined) yield* update(yield* open(directory), first)
        const before = fs.readdirSync(directory)
        const { files, state } = yield* breaking(last)
        const store = yield* Effect.provideService(open(directory), FileSystem.FileSystem, files)
        state.isBroken = true
        if (Exit.isFailure(yield* Effect.exit(update(store, "new")))) {
          failed++
          assert.deepStrictEqual(fs.readdirSync(directory), before)
          const after = yield* commonName(yield* open(directory))
          assert.deepStrictEqual([yield* commonName(store), after], [Option.fromUndefinedOr(first), after])
          assert.strictEqual(Option.getOrUndefined(after), first)
        }
        state.isBroken = false
        yield* update(store, "next")
        assert.deepStrictEqual(yield* commonName(yield* open(directory)), Option.some("next"))
      }
      assert.isAtLeast(failed, 5)
    }).pipe(Effect.scoped, Effect.provide(layer)))
}

it.effect("the layer reads the folder when it is built", () =>
  Effect.gen(function*() {
    const directory = yield* folder
    yield* update(yield* open(directory), "node")
    const files = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const { CertificateStore } = yield* Effect.promise(() => import("../../src/Certificates/CertificateStore.ts"))
    const store = yield* CertificateStore.pipe(
      Effect.provide(CertificateDirectory.layer({ name: "kubelet-server", directory })),
      Effect.provideService(FileSystem.FileSystem, files),
      Effect.provideService(Path.Path, paths)
    )
    assert.deepStrictEqual(yield* commonName(store), Option.some("node"))
  }).pipe(Effect.scoped, Effect.provide(layer)))
