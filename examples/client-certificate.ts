/**
 * A certificate from the cluster's signer: asked for, approved, used, kept in files and renewed.
 *
 *     node examples/client-certificate.ts --kubeconfig FILE
 *
 * The user of the kubeconfig needs to create and to approve certificate signing requests, as administrators do. In a
 * real cluster somebody else approves: a person with `kubectl certificate approve`, or a controller.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, DateTime, Effect, FileSystem, Layer, Option, Stream } from "effect"
import { ResourceClient } from "effect-kubernetes"
import { SelfSubjectReview } from "effect-kubernetes/Api/authentication/v1"
import { CertificateSigningRequest } from "effect-kubernetes/Api/certificates/v1"
import {
  CertificateCredential,
  CertificateDirectory,
  CertificateManager,
  SigningRequest
} from "effect-kubernetes/Certificates"
import { ClientConfig, CredentialResolver } from "effect-kubernetes/Config"
import * as NodeOidcHttpClient from "effect-kubernetes/Config/NodeOidcHttpClient"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"
import { RestClient } from "effect-kubernetes/Rest"
import * as NodeTransport from "effect-kubernetes/Rest/NodeTransport"
import { Command, Flag } from "effect/cli"

const whoAmI = Effect.gen(function*() {
  const reviews = yield* ResourceClient.make(SelfSubjectReview)
  const { status } = yield* reviews.create({})
  return status?.userInfo?.username ?? "nobody"
})

/** Approves what this example asks for, and nothing else. */
const approver = Effect.gen(function*() {
  const requests = yield* ResourceClient.make(CertificateSigningRequest)
  const { metadata } = yield* requests.list()
  yield* requests.watch({ resourceVersion: metadata.resourceVersion ?? "" }).pipe(
    Stream.filter((event) => event.type === "ADDED"),
    Stream.take(2),
    Stream.runForEach(({ object }) =>
      SigningRequest.approve(requests, object.metadata.name, { reason: "Example", message: "approved by the example" })
    )
  )
})

const program = Effect.gen(function*() {
  yield* Console.log(`  before there is a certificate: ${yield* whoAmI}`)
  const manager = yield* CertificateManager.CertificateManager
  const phases = Stream.changes(Stream.map(manager.states, ({ phase }) => phase._tag))
  yield* Effect.forkScoped(Stream.runForEach(phases, (phase) => Console.log(`    ${phase}`)))
  const { leaf } = yield* manager.awaitCurrent
  yield* Console.log(`  with the certificate, until ${DateTime.formatIso(leaf.notAfter)}: ${yield* whoAmI}`)
  yield* manager.rotate
  yield* Console.log(`  and after a rotation: ${yield* whoAmI}`)
}).pipe(Effect.scoped)

const run = (path: string) =>
  Effect.gen(function*() {
    const directory = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
    yield* Effect.forkScoped(Effect.provide(approver, NodeKubernetes.layerKubeconfig({ path })))
    const store = CertificateDirectory.layer({ name: "example", directory })
    // A client whose connections present the store's certificate, and the kubeconfig's user until there is one.
    const client = RestClient.layerConfig.pipe(
      Layer.provide(NodeTransport.layer),
      Layer.provide(CertificateCredential.layerResolver),
      Layer.provide(CredentialResolver.layer),
      Layer.provide(NodeOidcHttpClient.layer),
      Layer.provide(ClientConfig.layerKubeconfig({ path }))
    )
    // Nodes may ask for their next certificate themselves. Jane may not, so the kubeconfig's user asks for her.
    const manager = CertificateManager.layer({
      identity: { commonName: "jane", organizations: ["developers"] },
      signerName: "kubernetes.io/kube-apiserver-client",
      usages: "client",
      lifetime: "1 hour"
    }).pipe(Layer.provide(NodeKubernetes.layerKubeconfig({ path })))
    yield* program.pipe(Effect.provide(Layer.provideMerge(Layer.merge(client, manager), store)))
  }).pipe(Effect.scoped)

const flags = { kubeconfig: Flag.optional(Flag.String("kubeconfig")) }
const command = Command.make("client-certificate", flags, ({ kubeconfig }) =>
  Option.match(kubeconfig, {
    onNone: () => Console.log("give --kubeconfig FILE: certificates need a cluster that signs them"),
    onSome: run
  }))

Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
