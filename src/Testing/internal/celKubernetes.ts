/**
 * The functions that Kubernetes adds to the Common Expression Language: quantities, addresses, networks, URLs, versions
 * and named formats.
 *
 * @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library
 * @internal
 */
import * as Result from "effect/Result"
import * as Name from "../../Machinery/Name.ts"
import * as Quantity from "../../Machinery/Quantity.ts"
import * as Time from "../../Machinery/Time.ts"
import { fail, type Implementation, noOverload } from "./celConversions.ts"
import { standard } from "./celFunctions.ts"
import * as CelValues from "./celValues.ts"
import * as IpAddress from "./ipAddress.ts"
import * as RequestUrl from "./requestUrl.ts"
import * as Semver from "./semver.ts"

type Outcome = CelValues.Outcome
/** What a value is where it is one of Kubernetes' types. */
const special = (value: unknown): CelValues.Special | undefined =>
  value instanceof CelValues.Opaque ? value.of : undefined

const amountIn = (value: unknown): Quantity.Quantity | undefined => {
  const held = special(value)
  return held?.name === "kubernetes.Quantity" ? held.value : undefined
}

const addressIn = (value: unknown): IpAddress.Address | undefined => {
  const held = special(value)
  return held?.name === "kubernetes.IP" ? held.value : undefined
}

const networkIn = (value: unknown): IpAddress.Network | undefined => {
  const held = special(value)
  return held?.name === "kubernetes.CIDR" ? held.value : undefined
}

const urlIn = (value: unknown): RequestUrl.RequestUrl | undefined => {
  const held = special(value)
  return held?.name === "kubernetes.URL" ? held.value : undefined
}

const versionIn = (value: unknown): Semver.Semver | undefined => {
  const held = special(value)
  return held?.name === "kubernetes.Semver" ? held.value : undefined
}

const formatIn = (value: unknown): string | undefined => {
  const held = special(value)
  return held?.name === "kubernetes.NamedFormat" ? held.value : undefined
}

const quantityOf = (value: Quantity.Quantity): CelValues.Opaque =>
  new CelValues.Opaque(
    { name: "kubernetes.Quantity", value },
    ({ of }) => of.name === "kubernetes.Quantity" && Quantity.equals(value, of.value)
  )

const addressOf = (value: IpAddress.Address): CelValues.Opaque =>
  new CelValues.Opaque(
    { name: "kubernetes.IP", value },
    ({ of }) => of.name === "kubernetes.IP" && of.value.family === value.family && of.value.bits === value.bits
  )

const networkOf = (value: IpAddress.Network): CelValues.Opaque =>
  new CelValues.Opaque(
    { name: "kubernetes.CIDR", value },
    ({ of }) => of.name === "kubernetes.CIDR" && IpAddress.printNetwork(of.value) === IpAddress.printNetwork(value)
  )

const urlOf = (value: RequestUrl.RequestUrl): CelValues.Opaque =>
  new CelValues.Opaque(
    { name: "kubernetes.URL", value },
    ({ of }) => of.name === "kubernetes.URL" && JSON.stringify(of.value) === JSON.stringify(value)
  )

const versionOf = (value: Semver.Semver): CelValues.Opaque =>
  new CelValues.Opaque(
    { name: "kubernetes.Semver", value },
    ({ of }) => of.name === "kubernetes.Semver" && Semver.compare(of.value, value) === 0
  )

/** Reads a text into a value, with the words of a failure. */
const reading = <A, E>(
  parse: (text: string) => Result.Result<A, E>,
  make: (value: A) => CelValues.Opaque,
  words: (failure: E, text: string) => string
): Implementation =>
([text]) =>
  typeof text === "string"
    ? Result.mapBoth(parse(text), { onSuccess: make, onFailure: (failure) => words(failure, text) })
    : noOverload

const readable = (parse: (text: string) => Result.Result<unknown, unknown>): Implementation => ([text]) =>
  typeof text === "string" ? Result.succeed(Result.isSuccess(parse(text))) : noOverload

const quantity = reading(
  Quantity.parse,
  quantityOf,
  ({ reason }) => `quantity parse error during conversion from string: ${reason}`
)

const addressFailure = (why: string, text: string): string =>
  why.startsWith("ParseAddr")
    ? `IP Address ${JSON.stringify(text)} parse error during conversion from string: ${why}`
    : why

const address = reading(IpAddress.parse, addressOf, addressFailure)

const again = "network address parse error during conversion from string: "

const network = reading(IpAddress.parseNetwork, networkOf, (why) => `${again}${again}${why}`)

const url = reading(RequestUrl.parse, urlOf, (why) => `URL parse error during conversion from string: ${why}`)

/** Both amounts or both versions, compared. */
const compared = (make: (compared: number) => unknown): Implementation => ([left, right]) => {
  const amounts = [amountIn(left), amountIn(right)]
  const [amount, other] = amounts
  if (amount !== undefined && other !== undefined) return Result.succeed(make(Quantity.compare(amount, other)))
  const version = versionIn(left)
  const newer = versionIn(right)
  return version === undefined || newer === undefined
    ? noOverload
    : Result.succeed(make(Semver.compare(version, newer)))
}

const ofQuantity = (make: (quantity: Quantity.Quantity) => Outcome): Implementation => ([on]) => {
  const quantity = amountIn(on)
  return quantity === undefined ? noOverload : make(quantity)
}

const isWhole = (quantity: Quantity.Quantity): boolean =>
  Quantity.equals(quantity, Quantity.make({ unscaled: Quantity.toBigInt(quantity) })) &&
  BigInt.asIntN(64, Quantity.toBigInt(quantity)) === Quantity.toBigInt(quantity)

const combined = (
  make: (left: Quantity.Quantity, right: Quantity.Quantity) => Quantity.Quantity
): Implementation =>
([left, right]) => {
  const first = amountIn(left)
  const second = typeof right === "bigint" ? Quantity.make({ unscaled: right }) : amountIn(right)
  return first === undefined || second === undefined ? noOverload : Result.succeed(quantityOf(make(first, second)))
}

const ofAddress = (make: (address: IpAddress.Address) => unknown): Implementation => ([on]) => {
  const address = addressIn(on)
  return address === undefined ? noOverload : Result.succeed(make(address))
}

const kindOfAddress = (name: keyof ReturnType<typeof IpAddress.kinds>): Implementation =>
  ofAddress((address) => IpAddress.kinds(address)[name])

const containsAddress: Implementation = ([on, given]) => {
  const network = networkIn(on)
  const address = typeof given === "string"
    ? Result.getOrUndefined(IpAddress.parse(given))
    : addressIn(given)
  return network === undefined || address === undefined
    ? noOverload
    : Result.succeed(IpAddress.contains(network, address))
}

const containsNetwork: Implementation = ([on, given]) => {
  const network = networkIn(on)
  const inner = typeof given === "string"
    ? Result.getOrUndefined(IpAddress.parseNetwork(given))
    : networkIn(given)
  return network === undefined || inner === undefined
    ? noOverload
    : Result.succeed(inner.length >= network.length && IpAddress.contains(network, IpAddress.masked(inner).address))
}

const ofUrl = (make: (url: RequestUrl.RequestUrl) => unknown): Implementation => ([on]) => {
  const url = urlIn(on)
  return url === undefined ? noOverload : Result.succeed(make(url))
}

const query = (url: RequestUrl.RequestUrl): CelValues.CelMap =>
  new CelValues.CelMap(
    new Map([...RequestUrl.parameters(url)].map(([key, values]) => [`"${key}`, [key, values]]))
  )

const version = (text: unknown, isNormalized: unknown): Result.Result<Semver.Semver, string> | undefined =>
  typeof text === "string" && (isNormalized === undefined || typeof isNormalized === "boolean")
    ? Semver.parse(isNormalized === true ? Semver.normalized(text) : text)
    : undefined

const ofVersion = (index: 0 | 1 | 2): Implementation => ([on]) => {
  const version = versionIn(on)
  return version === undefined ? noOverload : Result.succeed(BigInt(version.numbers[index]))
}

const unless = (isGood: boolean, problem: string): ReadonlyArray<string> => isGood ? [] : [problem]

const isDate = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && Result.isSuccess(Time.parse(`${text}T00:00:00Z`))

/** What is wrong with a text, by the format's name. */
const formats: { readonly [name: string]: (text: string) => ReadonlyArray<string> } = {
  dns1123Label: Name.dns1123Label,
  dns1123Subdomain: Name.dns1123Subdomain,
  dns1035Label: Name.dns1035Label,
  qualifiedName: Name.qualifiedName,
  dns1123LabelPrefix: Name.prefixOf(Name.dns1123Label),
  dns1123SubdomainPrefix: Name.prefixOf(Name.dns1123Subdomain),
  dns1035LabelPrefix: Name.prefixOf(Name.dns1035Label),
  labelValue: Name.labelValue,
  uri: (text) => Result.match(RequestUrl.parse(text), { onFailure: (why) => [why], onSuccess: () => [] }),
  uuid: (text) =>
    unless(
      /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
      "does not match the UUID format"
    ),
  byte: (text) => unless(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, "invalid base64"),
  date: (text) => unless(isDate(text), "invalid date"),
  datetime: (text) => unless(Result.isSuccess(Time.parse(text)), "invalid datetime")
}

const formatOf = (name: string): CelValues.Opaque =>
  new CelValues.Opaque({ name: "kubernetes.NamedFormat", value: name }, ({ of }) => of.value === name)

const validate: Implementation = ([on, text]) => {
  const name = formatIn(on)
  if (name === undefined || typeof text !== "string") return noOverload
  const problems = formats[name]?.(text) ?? []
  return Result.succeed(problems.length === 0 ? CelValues.nothing : new CelValues.Maybe(problems))
}

const toText: Implementation = (given) => {
  const [value] = given
  const address = addressIn(value)
  if (address !== undefined) return Result.succeed(IpAddress.print(address))
  const network = networkIn(value)
  return network === undefined
    ? standard["string"]?.(given) ?? noOverload
    : Result.succeed(IpAddress.printNetwork(network))
}

const kubernetes: { readonly [name: string]: Implementation } = {
  string: toText,
  quantity,
  isQuantity: readable(Quantity.parse),
  sign: ofQuantity((amount) => Result.succeed(BigInt(Quantity.compare(amount, Quantity.zero)))),
  isGreaterThan: compared((order) => order > 0),
  isLessThan: compared((order) => order < 0),
  compareTo: compared((order) => BigInt(order)),
  asApproximateFloat: ofQuantity((amount) => Result.succeed(Quantity.toNumber(amount))),
  asInteger: ofQuantity((amount) =>
    isWhole(amount) ? Result.succeed(Quantity.toBigInt(amount)) : fail("cannot convert value to integer")
  ),
  isInteger: ofQuantity((amount) => Result.succeed(isWhole(amount))),
  add: combined(Quantity.add),
  sub: combined(Quantity.subtract),
  ip: (given) => {
    const network = networkIn(given[0])
    return network === undefined ? address(given) : Result.succeed(addressOf(network.address))
  },
  isIP: readable(IpAddress.parse),
  "ip.isCanonical": ([text]) =>
    typeof text === "string"
      ? Result.mapBoth(IpAddress.parse(text), {
        onSuccess: (address) => IpAddress.print(address) === text,
        onFailure: (why) => addressFailure(why, text)
      })
      : noOverload,
  family: ofAddress(({ family }) => BigInt(family)),
  isUnspecified: kindOfAddress("isUnspecified"),
  isLoopback: kindOfAddress("isLoopback"),
  isLinkLocalMulticast: kindOfAddress("isLinkLocalMulticast"),
  isLinkLocalUnicast: kindOfAddress("isLinkLocalUnicast"),
  isGlobalUnicast: kindOfAddress("isGlobalUnicast"),
  cidr: network,
  isCIDR: readable(IpAddress.parseNetwork),
  containsIP: containsAddress,
  containsCIDR: containsNetwork,
  prefixLength: ([on]) => {
    const network = networkIn(on)
    return network === undefined ? noOverload : Result.succeed(BigInt(network.length))
  },
  masked: ([on]) => {
    const network = networkIn(on)
    return network === undefined ? noOverload : Result.succeed(networkOf(IpAddress.masked(network)))
  },
  url,
  isURL: readable(RequestUrl.parse),
  getScheme: ofUrl(({ scheme }) => scheme),
  getHost: ofUrl(({ host }) => host),
  getHostname: ofUrl(RequestUrl.hostname),
  getPort: ofUrl(RequestUrl.port),
  getEscapedPath: ofUrl(RequestUrl.escapedPath),
  getQuery: ofUrl(query),
  semver: ([text, isNormalized]) => Result.map(version(text, isNormalized) ?? noOverload, versionOf),
  isSemver: ([text, isNormalized]) => {
    const parsed = version(text, isNormalized)
    return parsed === undefined ? noOverload : Result.succeed(Result.isSuccess(parsed))
  },
  major: ofVersion(0),
  minor: ofVersion(1),
  patch: ofVersion(2),
  "format.named": ([name]) =>
    typeof name === "string"
      ? Result.succeed(Object.hasOwn(formats, name) ? new CelValues.Maybe(formatOf(name)) : CelValues.nothing)
      : noOverload,
  ...Object.fromEntries(
    Object.keys(formats).map((
      name
    ): [string, Implementation] => [`format.${name}`, () => Result.succeed(formatOf(name))])
  ),
  validate
}

const functions: ReadonlyMap<string, Implementation> = new Map([
  ...Object.entries(standard),
  ...Object.entries(kubernetes)
])

/** Calls a function; the target of a method is the first of what it is given. */
export const call = (name: string, given: ReadonlyArray<unknown>): Outcome => functions.get(name)?.(given) ?? noOverload
