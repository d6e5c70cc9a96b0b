/**
 * `CertificateDirectory`: a `CertificateStore` in files, with the layout of client-go's FileStore and so of the kubelet.
 *
 * Each pair is one file of mode 0600, `NAME-2026-01-31-23-59-59.pem`, its certificates before its key, and
 * `NAME-current.pem` is a symbolic link to the one in use, replaced in one step. A process that dies at any moment
 * leaves either the old pair or the new one in use. Files of former pairs are kept: they are what to go back to; those
 * of a pair that could not be put in use are not.
 *
 * @since 0.1.0
 */
import type * as Signature from "effect/crypto/Signature"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as PrivateKey from "../X509/PrivateKey.ts"
import type { X509Error } from "../X509/X509Error.ts"
import { CertificateError, Store } from "./CertificateError.ts"
import * as CertificatePair from "./CertificatePair.ts"
import * as CertificateStore from "./CertificateStore.ts"

/**
 * Where the files are.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** What the names of the files begin with: `kubelet-client`. */
  readonly name: string
  /** The folder of the pairs, made with the first one where it is missing. */
  readonly directory: string
  /** The folder of `NAME.key`, if that is another one. */
  readonly keyDirectory?: string | undefined
  /** A pair in two files to begin with, where the folder has no current one. It is read, never written. */
  readonly initial?: { readonly certificate: string; readonly key: string } | undefined
}

/**
 * Reads the pair to begin with: `NAME-current.pem`, else the two files of the options, else `NAME.crt` and `NAME.key`;
 * where none of them is there the store is empty. A rotation that was cut off after its file was written is finished.
 *
 * Fails with Store where a file cannot be read, or a file stands where a link should, and with X509Error where what is
 * in use is no pair.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  CertificateStore.CertificateStore["Service"],
  CertificateError | X509Error,
  FileSystem.FileSystem | Path.Path | Signature.Signature
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  // Links are read from where they lie, and the process may change its folder.
  const directory = path.resolve(options.directory)
  const fileName = (qualifier: string) => path.join(directory, `${options.name}-${qualifier}.pem`)
  const current = fileName("current")
  const updated = fileName("updated")

  const at = <A>(file: string, effect: Effect.Effect<A, PlatformError>): Effect.Effect<A, CertificateError> =>
    Effect.mapError(effect, (error) => storeError(file, describe(error), error))

  /** Whether a link stands there. Fails where anything else does. */
  const isLink = Effect.fnUntraced(function*(link: string) {
    const info = yield* Effect.result(fs.lstat(link))
    if (Result.isSuccess(info)) {
      const { type } = info.success
      if (type === "SymbolicLink") return true
      return yield* storeError(link, `a symbolic link was expected, and there is a ${type}`)
    }
    if (info.failure.reason._tag === "NotFound") return false
    return yield* storeError(link, describe(info.failure), info.failure)
  })

  const read = (certificate: string, key: string) =>
    Effect.gen(function*() {
      const certificateText = yield* at(certificate, fs.readFileString(certificate))
      const keyText = key === certificate ? certificateText : yield* at(key, fs.readFileString(key))
      yield* Effect.logDebug("loading a certificate and its key").pipe(Effect.annotateLogs({ certificate, key }))
      return yield* CertificatePair.make(certificateText, Redacted.make(keyText, { label: "private-key" }))
    })

  const finishRotation = Effect.gen(function*() {
    if (yield* at(current, fs.exists(current))) return
    if (yield* isLink(updated)) yield* at(updated, fs.rename(updated, current))
  })

  const readFirst = Effect.gen(function*() {
    const candidates = [
      { certificate: current, key: current },
      ...(options.initial === undefined ? [] : [options.initial]),
      {
        certificate: path.join(directory, `${options.name}.crt`),
        key: path.join(path.resolve(options.keyDirectory ?? directory), `${options.name}.key`)
      }
    ]
    for (const { certificate, key } of candidates) {
      const isThere = (yield* at(certificate, fs.exists(certificate))) && (yield* at(key, fs.exists(key)))
      if (isThere) return yield* read(certificate, key)
    }
    return undefined
  })

  // Rotations are tried again and again: those that fail would fill a disk. What cannot be removed is in nobody's way.
  const dropped = (file: string) => Effect.ignore(fs.remove(file))

  /** A file that was not there before: two rotations within a second are two files. */
  const create = (stamp: string, text: string, attempt = 0): Effect.Effect<string, CertificateError> => {
    const file = fileName(attempt === 0 ? stamp : `${stamp}-${attempt}`)
    const written = Effect.scoped(Effect.gen(function*() {
      const handle = yield* fs.open(file, { flag: "wx", mode: 0o600 })
      yield* handle.writeAll(new TextEncoder().encode(text)).pipe(
        Effect.andThen(handle.sync),
        Effect.tapError(() => dropped(file))
      )
      return file
    }))
    return written.pipe(
      Effect.matchEffect({
        onFailure: (error) =>
          error.reason._tag === "AlreadyExists"
            ? create(stamp, text, attempt + 1)
            : Effect.fail(storeError(file, describe(error), error)),
        onSuccess: Effect.succeed
      })
    )
  }

  const persist = Effect.fnUntraced(function*(pair: CertificatePair.CertificatePair) {
    yield* at(directory, fs.makeDirectory(directory, { recursive: true, mode: 0o755 }))
    // Before anything is written, so that a store that cannot be used leaves no files.
    yield* isLink(current)
    if (yield* isLink(updated)) yield* at(updated, fs.remove(updated))
    const now = yield* DateTime.now
    const file = yield* create(
      DateTime.formatIso(now).replace(/\..*$/, "").replaceAll(/[T:]/g, "-"),
      pair.certificate + Redacted.value(pair.key)
    )
    yield* at(updated, fs.symlink(file, updated)).pipe(
      Effect.andThen(at(current, fs.rename(updated, current))),
      Effect.tapError(() =>
        fs.readLink(current).pipe(
          Effect.orElseSucceed(() => ""),
          // A rename may have been made although it failed, as on a share.
          Effect.flatMap((target) => target === file ? Effect.void : Effect.andThen(dropped(updated), dropped(file)))
        )
      )
    )
  })

  yield* finishRotation
  return yield* CertificateStore.make({ initial: yield* readFirst, persist })
})

/**
 * The store in a folder.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  CertificateStore.CertificateStore,
  CertificateError | X509Error,
  FileSystem.FileSystem | Path.Path
> => Layer.effect(CertificateStore.CertificateStore, make(options)).pipe(Layer.provide(PrivateKey.layerWebCrypto))

const describe = ({ reason }: PlatformError): string => reason.description ?? reason._tag

const storeError = (path: string, description: string, cause?: unknown): CertificateError =>
  new CertificateError({ reason: new Store({ path, description, ...(cause === undefined ? {} : { cause }) }) })
