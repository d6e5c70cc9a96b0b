// Command controlplane is a Kubernetes control plane in one binary: etcd, kube-apiserver,
// kube-controller-manager and kube-scheduler, chosen by the first argument as in
//
//	controlplane kube-apiserver --etcd-servers=http://127.0.0.1:2379 ...
//
// With CONTROLPLANE_UNTIL_EOF in its environment a component ends when its standard input does,
// so that nothing outlives a test runner, however that one dies. "controlplane with PROGRAM ARGS"
// lends the same to a program that does not know it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

const usage = "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|with [arguments]"

// untilEOF calls end once standard input is at its end.
func untilEOF(end func()) {
	if os.Getenv("CONTROLPLANE_UNTIL_EOF") == "" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
}

func with() int {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	command := exec.Command(os.Args[1], os.Args[2:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 127
	}
	untilEOF(func() { _ = command.Process.Kill() })
	err := command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode()
	}
	if err != nil {
		return 1
	}
	return 0
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	component := os.Args[1]
	os.Args = os.Args[1:]
	if component != "with" {
		untilEOF(func() { os.Exit(0) })
	}
	switch component {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "with":
		os.Exit(with())
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}
