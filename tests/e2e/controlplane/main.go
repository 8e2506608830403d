// Command controlplane is a whole Kubernetes control plane in one binary: its first argument says
// which part of it to be. The end-to-end tests start one process for each part; it lives for as
// long as its standard input is open.
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	// What the originals link in besides their own packages.
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

func main() {
	parts := map[string]func() int{
		"etcd":                    func() int { return etcd(os.Args[2:]) },
		"kube-apiserver":          command(apiserver.NewAPIServerCommand),
		"kube-controller-manager": command(manager.NewControllerManagerCommand),
		"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	}
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd CONFIG.yaml | kube-apiserver FLAGS | kube-controller-manager FLAGS | kube-scheduler FLAGS")
		os.Exit(2)
	}
	go leash()
	os.Exit(parts[os.Args[1]]())
}

// leash ends the process when its standard input does: whoever started it holds the other end,
// and lets go of it even by being killed.
func leash() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(3)
}

// command defers the building of a component until it is chosen: each registers feature gates.
func command(build func() *cobra.Command) func() int {
	return func() int {
		component := build()
		component.SetArgs(os.Args[2:])
		return cli.Run(component)
	}
}

// etcd runs a single member from its YAML configuration until it is told to stop.
func etcd(arguments []string) int {
	if len(arguments) != 1 {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd CONFIG.yaml")
		return 2
	}
	config, err := embed.ConfigFromFile(arguments[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 2
	}
	member, err := embed.StartEtcd(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 1
	}
	defer member.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	select {
	case err = <-member.Err():
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 1
	case <-stop:
		return 0
	}
}
