/**
 * The functions that expressions of Kubernetes may call, with the types they take and give: the standard library, and
 * the extensions that kube-apiserver 1.36 has.
 *
 * @see https://kubernetes.io/docs/reference/using-api/cel/#cel-community-libraries
 * @internal
 */
import * as CelTypes from "./celTypes.ts"

/** One way to call a function. The target of a method is the first of its parameters. */
export interface Signature {
  readonly isMethod: boolean
  readonly parameters: ReadonlyArray<CelTypes.Type>
  readonly result: CelTypes.Type
}

const numbers = ["int", "uint", "double"]

const ordered = [...numbers, "bool", "string", "bytes", "duration", "timestamp"]

const each = (types: ReadonlyArray<string>, line: (type: string) => string): string => types.map(line).join(" | ")

const compared = [
  each(ordered, (type) => `(${type}, ${type}) bool`),
  ...numbers.flatMap((left) => numbers.filter((right) => right !== left).map((right) => `(${left}, ${right}) bool`))
].join(" | ")

const fields = ["getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"]

const times = ["getHours", "getMinutes", "getSeconds", "getMilliseconds"]

const formats = [
  "dns1123Label",
  "dns1123Subdomain",
  "dns1035Label",
  "qualifiedName",
  "dns1123LabelPrefix",
  "dns1123SubdomainPrefix",
  "dns1035LabelPrefix",
  "labelValue",
  "uri",
  "uuid",
  "byte",
  "date",
  "datetime"
]

const table = `
_+_ = ${
  each([...numbers, "string", "bytes", "duration"], (type) => `(${type}, ${type}) ${type}`)
} | (list(A), list(A)) list(A) | (timestamp, duration) timestamp | (duration, timestamp) timestamp
_-_ = ${
  each([...numbers, "duration"], (type) => `(${type}, ${type}) ${type}`)
} | (timestamp, duration) timestamp | (timestamp, timestamp) duration
_*_ = ${each(numbers, (type) => `(${type}, ${type}) ${type}`)}
_/_ = ${each(numbers, (type) => `(${type}, ${type}) ${type}`)}
_%_ = (int, int) int | (uint, uint) uint
-_ = (int) int | (double) double
!_ = (bool) bool
_==_ = (A, A) bool
_!=_ = (A, A) bool
_<_ = ${compared}
_<=_ = ${compared}
_>_ = ${compared}
_>=_ = ${compared}
@in = (A, list(A)) bool | (A, map(A, B)) bool
_[_] = (list(A), int) A | (map(A, B), A) B | (optional(list(A)), int) optional(A) | (optional(map(A, B)), A) optional(B)
_[?_] = (list(A), int) optional(A) | (map(A, B), A) optional(B) | (optional(list(A)), int) optional(A) | (optional(map(A, B)), A) optional(B)
size = (string) int | (bytes) int | (list(A)) int | (map(A, B)) int | string.() int | bytes.() int | list(A).() int | map(A, B).() int
type = (A) type(A)
dyn = (A) dyn
int = (int) int | (uint) int | (double) int | (string) int | (timestamp) int | (duration) int
uint = (uint) uint | (int) uint | (double) uint | (string) uint
double = (double) double | (int) double | (uint) double | (string) double
bool = (bool) bool | (string) bool
string = ${
  each(
    ["string", "bool", "int", "uint", "double", "bytes", "duration", "timestamp", "dyn"],
    (type) => `(${type}) string`
  )
} | (kubernetes.IP) string | (kubernetes.CIDR) string
bytes = (bytes) bytes | (string) bytes
duration = (duration) duration | (string) duration | (int) duration
timestamp = (timestamp) timestamp | (string) timestamp | (int) timestamp
${fields.map((name) => `${name} = timestamp.() int | timestamp.(string) int`).join("\n")}
${times.map((name) => `${name} = timestamp.() int | timestamp.(string) int | duration.() int`).join("\n")}
startsWith = string.(string) bool
endsWith = string.(string) bool
contains = string.(string) bool
matches = (string, string) bool | string.(string) bool
find = string.(string) string
findAll = string.(string) list(string) | string.(string, int) list(string)
charAt = string.(int) string
indexOf = string.(string) int | string.(string, int) int | list(A).(A) int
lastIndexOf = string.(string) int | string.(string, int) int | list(A).(A) int
lowerAscii = string.() string
upperAscii = string.() string
trim = string.() string
replace = string.(string, string) string | string.(string, string, int) string
split = string.(string) list(string) | string.(string, int) list(string)
substring = string.(int) string | string.(int, int) string
join = list(string).() string | list(string).(string) string
format = string.(list(dyn)) string
strings.quote = (string) string
isSorted = ${each(ordered, (type) => `list(${type}).() bool`)}
sum = ${each([...numbers, "duration"], (type) => `list(${type}).() ${type}`)}
min = ${each(ordered, (type) => `list(${type}).() ${type}`)}
max = ${each(ordered, (type) => `list(${type}).() ${type}`)}
slice = list(A).(int, int) list(A)
flatten = list(list(A)).() list(A) | list(dyn).(int) list(dyn)
sort = ${each(ordered, (type) => `list(${type}).() list(${type})`)}
distinct = list(A).() list(A)
reverse = list(A).() list(A)
lists.range = (int) list(int)
first = list(A).() optional(A)
last = list(A).() optional(A)
sets.contains = (list(A), list(A)) bool
sets.equivalent = (list(A), list(A)) bool
sets.intersects = (list(A), list(A)) bool
optional.of = (A) optional(A)
optional.none = () optional(A)
optional.ofNonZeroValue = (A) optional(A)
optional.unwrap = (list(optional(A))) list(A)
unwrapOpt = list(optional(A)).() list(A)
hasValue = optional(A).() bool
value = optional(A).() A
or = optional(A).(optional(A)) optional(A)
orValue = optional(A).(A) A
quantity = (string) kubernetes.Quantity
isQuantity = (string) bool
sign = (kubernetes.Quantity) int
isGreaterThan = kubernetes.Quantity.(kubernetes.Quantity) bool | kubernetes.Semver.(kubernetes.Semver) bool
isLessThan = kubernetes.Quantity.(kubernetes.Quantity) bool | kubernetes.Semver.(kubernetes.Semver) bool
compareTo = kubernetes.Quantity.(kubernetes.Quantity) int | kubernetes.Semver.(kubernetes.Semver) int
asApproximateFloat = kubernetes.Quantity.() double
asInteger = kubernetes.Quantity.() int
isInteger = kubernetes.Quantity.() bool
add = kubernetes.Quantity.(kubernetes.Quantity) kubernetes.Quantity | kubernetes.Quantity.(int) kubernetes.Quantity
sub = kubernetes.Quantity.(kubernetes.Quantity) kubernetes.Quantity | kubernetes.Quantity.(int) kubernetes.Quantity
ip = (string) kubernetes.IP | kubernetes.CIDR.() kubernetes.IP
isIP = (string) bool
ip.isCanonical = (string) bool
family = kubernetes.IP.() int
isUnspecified = kubernetes.IP.() bool
isLoopback = kubernetes.IP.() bool
isLinkLocalMulticast = kubernetes.IP.() bool
isLinkLocalUnicast = kubernetes.IP.() bool
isGlobalUnicast = kubernetes.IP.() bool
cidr = (string) kubernetes.CIDR
isCIDR = (string) bool
containsIP = kubernetes.CIDR.(string) bool | kubernetes.CIDR.(kubernetes.IP) bool
containsCIDR = kubernetes.CIDR.(string) bool | kubernetes.CIDR.(kubernetes.CIDR) bool
prefixLength = kubernetes.CIDR.() int
masked = kubernetes.CIDR.() kubernetes.CIDR
url = (string) kubernetes.URL
isURL = (string) bool
getScheme = kubernetes.URL.() string
getHost = kubernetes.URL.() string
getHostname = kubernetes.URL.() string
getPort = kubernetes.URL.() string
getEscapedPath = kubernetes.URL.() string
getQuery = kubernetes.URL.() map(string, list(string))
format.named = (string) optional(kubernetes.NamedFormat)
${formats.map((name) => `format.${name} = () kubernetes.NamedFormat`).join("\n")}
validate = kubernetes.NamedFormat.(string) optional(list(string))
semver = (string) kubernetes.Semver | (string, bool) kubernetes.Semver
isSemver = (string) bool | (string, bool) bool
major = kubernetes.Semver.() int
minor = kubernetes.Semver.() int
patch = kubernetes.Semver.() int
`

/** Parts between commas that stand in no brackets. */
const split = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let depth = 0
  let start = 0
  for (let at = 0; at <= text.length; at++) {
    const letter = text.charAt(at)
    if (letter === "(") depth++
    else if (letter === ")") depth--
    else if ((letter === "," && depth === 0) || at === text.length) {
      parts.push(text.slice(start, at).trim())
      start = at + 1
    }
  }
  return parts.filter((part) => part !== "")
}

const parse = (text: string): Signature => {
  const space = text.lastIndexOf(") ") + 1
  const head = text.slice(0, space)
  const dot = head.indexOf(".(")
  const isMethod = dot >= 0
  const given = split(head.slice(isMethod ? dot + 2 : 1, -1))
  return {
    isMethod,
    parameters: [...(isMethod ? [head.slice(0, dot)] : []), ...given].map(CelTypes.parse),
    result: CelTypes.parse(text.slice(space))
  }
}

let made: ReadonlyMap<string, ReadonlyArray<Signature>> | undefined

/** The ways to call a function; `undefined` where there is none of the name. */
export const of = (name: string): ReadonlyArray<Signature> | undefined => {
  made ??= new Map(
    table.trim().split("\n").map((line) => {
      const equals = line.indexOf(" = ")
      return [line.slice(0, equals), line.slice(equals + 3).split(" | ").map(parse)]
    })
  )
  return made.get(name)
}
