import { assert, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Proxy from "../../src/Rest/Proxy.ts"

const proxyFor = (server: string, noProxy?: string, httpsProxy = "http://proxy:3128") => {
  const proxy = Proxy.forServer({ httpsProxy: Redacted.make(httpsProxy), httpProxy: undefined, noProxy }, server)
  return proxy === undefined ? undefined : Redacted.value(proxy)
}

it("the scheme of the server decides which variable counts", () => {
  assert.strictEqual(proxyFor("https://k8s.example:6443"), "http://proxy:3128")
  assert.isUndefined(proxyFor("http://k8s.example"))
  assert.strictEqual(proxyFor("https://k8s.example", undefined, "proxy:3128"), "http://proxy:3128")
  assert.isUndefined(proxyFor("https://k8s.example", undefined, ""))
})

it("what is on this machine is reached directly", () => {
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"]) {
    assert.isUndefined(proxyFor(`https://${host}:6443`), host)
  }
})

it("NO_PROXY names hosts, domains, addresses and networks, with and without a port", () => {
  const direct: ReadonlyArray<readonly [server: string, noProxy: string]> = [
    ["https://a.example", "*"],
    ["https://a.example", "x, A.EXAMPLE"],
    ["https://b.a.example", "a.example"],
    ["https://b.a.example", ".a.example"],
    ["https://b.a.example", "*.a.example"],
    ["https://a.example:6443", "a.example:6443"],
    ["https://a.example", "a.example:443"],
    ["https://10.0.0.5", "10.0.0.5"],
    ["https://10.0.0.5:6443", "10.0.0.5:6443"],
    ["https://10.1.2.3", "10.1.0.0/16"],
    ["https://10.1.2.3", "10.1.9.9/16"],
    ["https://[fd00::5]:6443", "fd00::/8"],
    ["https://[fd00::5]:6443", "[fd00::5]:6443"],
    ["https://[fd00::5]", "fd00:0::5"]
  ]
  for (const [server, noProxy] of direct) assert.isUndefined(proxyFor(server, noProxy), `${server} ${noProxy}`)
  const proxied: ReadonlyArray<readonly [server: string, noProxy: string]> = [
    ["https://a.example", ""],
    ["https://a.example", ".a.example"],
    ["https://ba.example", "a.example"],
    ["https://a.example:6443", "a.example:443"],
    ["https://10.2.0.1", "10.1.0.0/16"],
    ["https://10.0.0.5:6443", "10.0.0.5:443"],
    ["https://10.0.0.5", "5"],
    ["https://a.example", ":443"],
    ["https://a.example", "10.0.0.0/8"]
  ]
  for (const [server, noProxy] of proxied) assert.isDefined(proxyFor(server, noProxy), `${server} ${noProxy}`)
})

it.effect("the environment is read in upper case first, then in lower case", () =>
  Effect.gen(function*() {
    const read = (env: Record<string, string>) =>
      Effect.provideService(Proxy.fromEnv, ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
    const lower = yield* read({ https_proxy: "http://lower", no_proxy: "a" })
    assert.strictEqual(lower.httpsProxy === undefined ? "" : Redacted.value(lower.httpsProxy), "http://lower")
    assert.strictEqual(lower.noProxy, "a")
    const both = yield* read({ HTTPS_PROXY: "http://upper", https_proxy: "http://lower" })
    assert.strictEqual(both.httpsProxy === undefined ? "" : Redacted.value(both.httpsProxy), "http://upper")
    assert.deepStrictEqual(yield* read({}), { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined })
  }))
