/**
 * Certificates from the signers of kube-controller-manager, used against kube-apiserver.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { CertificateSigningRequest } from "../../src/Api/certificates/v1.ts"
import { ClusterRoleBinding } from "../../src/Api/rbac/v1.ts"
import * as CertificateCredential from "../../src/Certificates/CertificateCredential.ts"
import * as CertificateDirectory from "../../src/Certificates/CertificateDirectory.ts"
import * as CertificateManager from "../../src/Certificates/CertificateManager.ts"
import { CertificateStore } from "../../src/Certificates/CertificateStore.ts"
import * as SigningRequest from "../../src/Certificates/SigningRequest.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as CredentialResolver from "../../src/Config/CredentialResolver.ts"
import * as NodeOidcHttpClient from "../../src/Config/NodeOidcHttpClient.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Certificate from "../../src/X509/Certificate.ts"
import * as CertificateRequest from "../../src/X509/CertificateRequest.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"
import { cluster } from "./TestCluster.ts"

const userInfo = Effect.gen(function*() {
  const rest = yield* RestClient.RestClient
  const review = yield* rest.json({
    method: "POST",
    verb: "create",
    target: { _tag: "Resource", group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews" },
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }
  })
  return (review as { status: { userInfo: { username: string; groups: ReadonlyArray<string> } } }).status.userInfo
})

const admin = NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig })

/** A client that presents the store's certificate, and before there is one the token of the kubeconfig's admin. */
const withStore = RestClient.layerConfig.pipe(
  Layer.provide(NodeTransport.layer),
  Layer.provide(CertificateCredential.layerResolver),
  Layer.provide(CredentialResolver.layer),
  Layer.provide(NodeOidcHttpClient.layer),
  Layer.provide(ClientConfig.layerKubeconfig({ path: cluster.kubeconfig }))
)

/** What kubeadm grants to nodes: to ask for certificates, and to have those for themselves approved. */
const nodeRights = Effect.gen(function*() {
  const bindings = yield* ResourceClient.make(ClusterRoleBinding)
  const roles = [
    "system:node-bootstrapper",
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"
  ]
  yield* Effect.forEach(roles, (name, index) =>
    Effect.acquireRelease(
      bindings.create({
        metadata: { name: `certificates-test-${index}` },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:nodes" }]
      }),
      ({ metadata }) => Effect.orDie(bindings.delete(metadata.name))
    ))
})

layer(Layer.merge(NodeServices.layer, PrivateKey.layerWebCrypto), { excludeTestServices: true })(
  "Certificates",
  (it) => {
    it.effect(
      "a node gets its certificate with a bootstrap token, keeps it in files, and renews it with itself",
      () =>
        Effect.gen(function*() {
          const directory = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
          yield* nodeRights
          const program = Effect.gen(function*() {
            const store = yield* CertificateStore
            assert.strictEqual((yield* userInfo).username, "admin")
            const manager = yield* CertificateManager.make({
              identity: { commonName: "system:node:cert-test", organizations: ["system:nodes"] },
              signerName: "kubernetes.io/kube-apiserver-client-kubelet",
              usages: "client",
              lifetime: "1 hour"
            })
            // The controller approves what kubelets ask for, by itself.
            const first = yield* manager.awaitCurrent
            assert.isAtMost(Duration.toMinutes(Certificate.lifetime(first.leaf)), 66)
            const node = yield* userInfo
            assert.strictEqual(node.username, "system:node:cert-test")
            assert.includeMembers([...node.groups], ["system:nodes", "system:authenticated"])

            // RBAC lets nodes ask for certificates, and now it is the node who asks.
            // The authorizer hears of the bindings a moment after they were made.
            const second = yield* Effect.retry(manager.rotate, { schedule: Schedule.spaced("100 millis"), times: 100 })
            assert.notStrictEqual(second, first)
            const requests = yield* Effect.provide(
              Effect.flatMap(ResourceClient.make(CertificateSigningRequest), (client) => client.list()),
              admin
            )
            const askers = requests.items.filter((item) => item.spec.signerName.endsWith("-kubelet")).map((item) =>
              item.spec.username
            )
            assert.includeMembers(askers, ["admin", "system:node:cert-test"])
            assert.strictEqual((yield* userInfo).username, "system:node:cert-test")
            return yield* store.current
          })
          const files = CertificateDirectory.layer({ name: "kubelet-client", directory })
          const last = yield* program.pipe(Effect.provide(Layer.provideMerge(withStore, files)))
          // After a restart it is there before anything is asked for.
          yield* Effect.gen(function*() {
            assert.deepStrictEqual(
              yield* (yield* CertificateStore).current,
              last
            )
            assert.strictEqual((yield* userInfo).username, "system:node:cert-test")
          }).pipe(Effect.provide(Layer.provideMerge(withStore, Layer.fresh(files))))
        }).pipe(Effect.scoped, Effect.provide(admin)),
      60_000
    )

    it.effect(
      "a user's request is approved by hand and signed; a denied one is not; a wrong one fails",
      () =>
        Effect.gen(function*() {
          const client = yield* ResourceClient.make(CertificateSigningRequest)
          const signerName = "kubernetes.io/kube-apiserver-client"
          const decision = { reason: "ByTest", message: "the test decided" }
          const ask = Effect.fnUntraced(function*(
            identity: { readonly commonName: string; readonly dnsNames?: ReadonlyArray<string> },
            algorithm: PrivateKey.Algorithm | undefined,
            more: Partial<SigningRequest.Options> = {}
          ) {
            const keys = yield* PrivateKey.generate(algorithm)
            const request = yield* CertificateRequest.make({ organizations: ["testers"], ...identity }, keys)
            const usages = SigningRequest.clientUsages(keys.privateKey.algorithm)
            return yield* SigningRequest.create(client, {
              request,
              signerName,
              usages,
              lifetime: "10 minutes",
              ...more
            })
          })

          const { ecdsaP384, ed25519, rsaPkcs1v15 } = yield* Effect.promise(() => import("effect/crypto/Signature"))
          const { sha256 } = yield* Effect.promise(() => import("effect/crypto/Digest"))
          for (const algorithm of [undefined, ecdsaP384, ed25519, rsaPkcs1v15({ hash: sha256, modulusLength: 2048 })]) {
            const created = yield* ask({ commonName: "jane" }, algorithm)
            yield* SigningRequest.approve(client, created.name, decision)
            const pem = yield* SigningRequest.awaitCertificate(client, created, { timeout: "20 seconds" })
            const certificate = yield* Effect.fromResult(Certificate.fromPem(pem))
            assert.strictEqual(certificate.identity.commonName, "jane")
            assert.deepStrictEqual(certificate.identity.organizations, ["testers"])
            // An approved one cannot be denied any more.
            const late = yield* Effect.flip(SigningRequest.deny(client, created.name, decision))
            assert.strictEqual(late._tag === "ApiError" ? late.reason._tag : "", "Invalid")
          }

          const denied = yield* ask({ commonName: "joe" }, undefined)
          yield* SigningRequest.deny(client, denied.name, decision)
          const no = yield* Effect.flip(SigningRequest.awaitCertificate(client, denied, { timeout: "20 seconds" }))
          assert.strictEqual(no.reason._tag, "Denied")
          assert.include(no.message, "ByTest: the test decided")

          const wrong = yield* ask({ commonName: "joe" }, undefined, { usages: ["digital signature", "server auth"] })
          yield* SigningRequest.approve(client, wrong.name, decision)
          const failed = yield* Effect.flip(SigningRequest.awaitCertificate(client, wrong, { timeout: "20 seconds" }))
          assert.strictEqual(failed.reason._tag, "Failed")
          assert.include(failed.message, "SignerValidationFailure")

          const short = yield* Effect.flip(ask({ commonName: "joe" }, undefined, { lifetime: "1 minute" }))
          assert.strictEqual(short._tag === "ApiError" ? short.reason._tag : "", "Invalid")

          const gone = yield* ask({ commonName: "joe" }, undefined)
          yield* client.delete(gone.name)
          const deleted = yield* Effect.flip(SigningRequest.awaitCertificate(client, gone, { timeout: "20 seconds" }))
          assert.strictEqual(deleted.reason._tag, "Deleted")
        }).pipe(Effect.scoped, Effect.provide(admin)),
      60_000
    )
  }
)
