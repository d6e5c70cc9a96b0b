/**
 * `Name`: the rules for names, label keys and values, ports and keys of a ConfigMap, in the API server's words.
 *
 * Each rule takes a text and answers what is wrong with it, one sentence each; an empty list means that it is valid.
 * The in-memory API server puts these sentences into `status.details.causes`, and a program may check what its user
 * typed before it sends it. A valid text costs one match and allocates nothing.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 * @since 0.1.0
 */
import { byteLength } from "./internal/goText.ts"

/**
 * What is wrong, sentence by sentence; empty when nothing is.
 *
 * @category models
 * @since 0.1.0
 */
export type Problems = ReadonlyArray<string>

const none: Problems = []

const maximum = (length: number, unit = "characters"): string => `must be no more than ${length} ${unit}`

const empty = "must be non-empty"

const notMatching = (message: string, pattern: string, ...examples: ReadonlyArray<string>): string =>
  examples.length === 0
    ? `${message} (regex used for validation is '${pattern}')`
    : `${message} (e.g. ${
      examples.map((example) => `'${example}', `).join(" or ")
    }regex used for validation is '${pattern}')`

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`)

const label1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const isLabel1123 = whole(label1123)
const subdomain1123 = `${label1123}(\\.${label1123})*`
const isSubdomain1123 = whole(subdomain1123)
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
const isLabel1035 = whole(label1035)
const wildcard1123 = `\\*\\.${subdomain1123}`
const isWildcard1123 = whole(wildcard1123)
const key = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
const isKey = whole(key)
const value = `(${key})?`
const isValue = whole(value)

/** The longest DNS label, label value and name part of a label key. */
const labelLength = 63
/** The longest DNS subdomain. */
const subdomainLength = 253

/**
 * At most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends: names of namespaces and containers.
 *
 * @category validation
 * @since 0.1.0
 */
export const dns1123Label = (text: string): Problems => {
  if (text.length <= labelLength && isLabel1123.test(text)) return none
  const problems = byteLength(text) > labelLength ? [maximum(labelLength)] : []
  if (isLabel1123.test(text)) return problems
  return [
    ...problems,
    isSubdomain1123.test(text)
      ? "must not contain dots"
      : notMatching(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        label1123,
        "my-name",
        "123-abc"
      )
  ]
}

/**
 * At most 253 characters of DNS labels joined by dots: the names of most kinds.
 *
 * @category validation
 * @since 0.1.0
 */
export const dns1123Subdomain = (text: string): Problems => {
  if (text.length <= subdomainLength && isSubdomain1123.test(text)) return none
  return tooLongOr(
    text,
    subdomainLength,
    isSubdomain1123,
    notMatching(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      subdomain1123,
      "example.com"
    )
  )
}

/**
 * As a DNS label, with a letter at its start: names of services.
 *
 * @category validation
 * @since 0.1.0
 */
export const dns1035Label = (text: string): Problems => {
  if (text.length <= labelLength && isLabel1035.test(text)) return none
  return tooLongOr(
    text,
    labelLength,
    isLabel1035,
    notMatching(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      label1035,
      "my-name",
      "abc-123"
    )
  )
}

/**
 * A DNS subdomain behind `*.`: hosts of an Ingress.
 *
 * @category validation
 * @since 0.1.0
 */
export const wildcardDns1123Subdomain = (text: string): Problems => {
  if (text.length <= subdomainLength && isWildcard1123.test(text)) return none
  return tooLongOr(
    text,
    subdomainLength,
    isWildcard1123,
    notMatching(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      wildcard1123,
      "*.example.com"
    )
  )
}

const tooLongOr = (text: string, length: number, pattern: RegExp, problem: string): Problems => {
  const problems: Array<string> = []
  if (byteLength(text) > length) problems.push(maximum(length))
  if (!pattern.test(text)) problems.push(problem)
  return problems
}

const badKey = notMatching(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  key,
  "MyName",
  "my.name",
  "123-abc"
)

/**
 * A label key, annotation key, finalizer or taint key: a name of at most 63 characters, and before it perhaps a DNS
 * subdomain and a slash.
 *
 * @category validation
 * @since 0.1.0
 */
export const qualifiedName = (text: string): Problems => {
  if (text.length <= labelLength && isKey.test(text)) return none
  const parts = text.split("/")
  if (parts.length > 2) {
    return [`a valid label key ${badKey} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const problems: Array<string> = []
  const name = parts[parts.length - 1] ?? ""
  const prefix = parts.length === 2 ? parts[0] : undefined
  if (prefix === "") problems.push(`prefix part ${empty}`)
  else if (prefix !== undefined) {
    // The rules of labels count bytes, and say so.
    for (const problem of dns1123Subdomain(prefix)) problems.push(`prefix part ${inBytes(problem)}`)
  }
  if (name === "") problems.push(`name part ${empty}`)
  else if (byteLength(name) > labelLength) problems.push(`name part ${maximum(labelLength, "bytes")}`)
  if (!isKey.test(name)) problems.push(`name part ${badKey}`)
  return problems.length === 0 ? none : problems
}

/**
 * The value of a label: empty, or at most 63 of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
 *
 * @category validation
 * @since 0.1.0
 */
export const labelValue = (text: string): Problems => {
  if (text.length <= labelLength && isValue.test(text)) return none
  return tooLongOr(
    text,
    labelLength,
    isValue,
    notMatching(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      value,
      "MyValue",
      "my_value",
      "12345"
    )
  ).map(inBytes)
}

const inBytes = (problem: string): string => problem.replace(/^(must be no more than \d+) characters$/, "$1 bytes")

/**
 * Anything that a path segment can hold: names of RBAC roles. Neither `.` nor `..`, no `/` and no `%`.
 *
 * @category validation
 * @since 0.1.0
 */
export const pathSegment = (text: string): Problems =>
  text === "." || text === ".." ? [`may not be '${text}'`] : pathSegmentPrefix(text)

/**
 * As `pathSegment`, for a text to which something will be appended.
 *
 * @category validation
 * @since 0.1.0
 */
export const pathSegmentPrefix = (text: string): Problems => {
  const problems = none.concat(
    text.includes("/") ? ["may not contain '/'"] : none,
    text.includes("%") ? ["may not contain '%'"] : none
  )
  return problems
}

/**
 * A rule applied to `metadata.generateName`: a dash at its end is allowed, as something will follow it.
 *
 * ```ts
 * const problems = Name.prefixOf(Name.dns1123Subdomain)("web-")
 * ```
 *
 * @category validation
 * @since 0.1.0
 */
export const prefixOf = (rule: (text: string) => Problems) => (text: string): Problems =>
  rule(text.length > 1 && text.endsWith("-") ? `${text.slice(0, -2)}a` : text)

const configMapKeyPattern = "[-._a-zA-Z0-9]+"
const isConfigMapKey = whole(configMapKeyPattern)

/**
 * A key of a ConfigMap's or Secret's data: what a file of that name can hold.
 *
 * @category validation
 * @since 0.1.0
 */
export const configMapKey = (text: string): Problems => [
  ...tooLongOr(
    text,
    subdomainLength,
    isConfigMapKey,
    notMatching(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      configMapKeyPattern,
      "key.name",
      "KEY_NAME",
      "key-name"
    )
  ),
  ...parentDirectory(text)
]

const parentDirectory = (text: string): Problems =>
  text === "." ?
    ["must not be '.'"]
    : text === ".." ?
    ["must not be '..'"]
    : text.startsWith("..") ?
    ["must not start with '..'"]
    : none

/**
 * The name of an environment variable: printable ASCII without `=`.
 *
 * @category validation
 * @since 0.1.0
 */
export const envVarName = (text: string): Problems => {
  if (text === "") return [`environment variable name ${empty}`]
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(text)
    ? none
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/**
 * The name of a port: at most 15 of `a-z`, `0-9` and `-`, at least one letter.
 *
 * @category validation
 * @since 0.1.0
 */
export const portName = (text: string): Problems => {
  const problems: Array<string> = []
  if (byteLength(text) > 15) problems.push(maximum(15))
  if (!/^[-a-z0-9]+$/.test(text)) {
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
  }
  if (!/[a-z]/.test(text)) problems.push("must contain at least one letter (a-z)")
  if (text.includes("--")) problems.push("must not contain consecutive hyphens")
  if (text.startsWith("-") || text.endsWith("-")) problems.push("must not begin or end with a hyphen")
  return problems
}

/**
 * The number of a port: 1 to 65535.
 *
 * @category validation
 * @since 0.1.0
 */
export const portNumber = (port: number): Problems =>
  port >= 1 && port <= 65535 ? none : ["must be between 1 and 65535, inclusive"]

/**
 * A percentage as `IntOrString` takes it: digits and `%`.
 *
 * @category validation
 * @since 0.1.0
 */
export const percent = (text: string): Problems =>
  /^[0-9]+%$/.test(text)
    ? none
    : [
      notMatching(
        "a valid percent string must be a numeric string followed by an ending '%'",
        "[0-9]+%",
        "1%",
        "93%"
      )
    ]

/**
 * The name of an HTTP header, as a probe sends it.
 *
 * @category validation
 * @since 0.1.0
 */
export const httpHeaderName = (text: string): Problems =>
  /^[-A-Za-z0-9]+$/.test(text)
    ? none
    : [
      notMatching(
        "a valid HTTP header must consist of alphanumeric characters or '-'",
        "[-A-Za-z0-9]+",
        "X-Header-Name"
      )
    ]

/**
 * An identifier of C, as in a Secret's or ConfigMap's environment.
 *
 * @category validation
 * @since 0.1.0
 */
export const cIdentifier = (text: string): Problems =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)
    ? none
    : [
      notMatching(
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
        "[A-Za-z_][A-Za-z0-9_]*",
        "my_name",
        "MY_NAME",
        "MyName"
      )
    ]
