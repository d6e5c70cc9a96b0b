/**
 * The `User-Agent` of a client, built as client-go builds it: `COMMAND/VERSION (OS/ARCH) kubernetes/COMMIT`.
 *
 * Audit logs show it, API priority and fairness and metrics of the server tell clients apart by it, and where no field
 * manager is given the server takes the part before the slash. Set a name of your own in programs that write.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * What goes into the text. Parts that are unset or empty become `unknown`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The program. A path is cut to its last segment. */
  readonly command?: string | undefined
  /** Its version. What follows the first `-` is cut. */
  readonly version?: string | undefined
  /** As Go names systems: `linux`, `darwin`, `windows`. */
  readonly os?: string | undefined
  /** As Go names processors: `amd64`, `arm64`. */
  readonly arch?: string | undefined
  /** Cut to seven characters. */
  readonly commit?: string | undefined
}

const orUnknown = (text: string | undefined) => text === undefined || text === "" ? "unknown" : text

const goArchitectures: { readonly [arch: string]: string } = { x64: "amd64", ia32: "386", arm64: "arm64" }
const goSystems: { readonly [platform: string]: string } = { win32: "windows", sunos: "solaris" }

/**
 * The text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): string => {
  const command = orUnknown(options.command?.split(/[\\/]/).findLast((part) => part !== ""))
  const version = orUnknown(options.version?.split("-")[0])
  const os = orUnknown(options.os)
  const arch = orUnknown(options.arch)
  return `${command}/${version} (${goSystems[os] ?? os}/${goArchitectures[arch] ?? arch}) kubernetes/${
    orUnknown(options.commit?.slice(0, 7))
  }`
}

interface Runtime {
  readonly process?: {
    readonly argv?: ReadonlyArray<string>
    readonly platform?: string
    readonly arch?: string
  }
}

/**
 * What clients send that were given no User-Agent of their own: the script's file name, and the system of this
 * process where it has one.
 *
 * @category services
 * @since 0.1.0
 */
export const Default: Context.Reference<string> = Context.Reference<string>("effect-kubernetes/Rest/UserAgent", {
  defaultValue: () => {
    const { process } = globalThis as Runtime
    return make({
      command: process?.argv?.[1] ?? "effect-kubernetes",
      version: packageVersion,
      os: process?.platform,
      arch: process?.arch
    })
  }
})

const packageVersion = "v0.1.0"
