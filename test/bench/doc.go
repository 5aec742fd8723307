// Package bench measures Cthulix against a peer or a floor in the same run.
// `make bench` prints it. The figures that count are the ratios: the times are
// those of the machine at the moment.
//
// # Switches
//
// All switches are simulated ones on loopback. In figures of 20ms-a-line, a
// switch takes 20 ms for each line that it is typed, as a Catalyst does.
//
//   - SwitchApply: 4 VLANs and 48 ports on a blank switch. ratio is to bare
//     scrapligo, which sends the same lines and saves, and reads, proves and
//     verifies nothing. Bound: 1.25, in two sessions.
//   - SwitchApplyAnsible: the same end state by `terraform apply` and by
//     Ansible's cisco.ios on switches alike, programs' starts included. Aim:
//     10 times as fast.
//   - PlanNoChange: 50 switches of 48 ports, as they should be. provider is what
//     the calls of Terraform's protocol take, made as many at a time as the name
//     says; configs is scrapligo reading the running configurations, as many at a
//     time, and reads is scrapligo sending all the show commands that the
//     provider has to read a switch by. Bound: 1.5 times configs, one session a
//     switch. The bound is missed: most of the time is CPU time of the plugin
//     framework, which walks every attribute of every port a dozen times a call.
//     terraform is the time of `terraform plan`.
//   - PlanGrowth: one plan over 100 and over 1000 ports, on switches that answer
//     at once: CPU time and memory of the provider's processes and of
//     Terraform's. exponent is the power of the number of ports that the
//     provider's CPU time grows by; 1 is in proportion.
//
// # Hosts
//
//   - Boot: from power-on to a registered agent; the floor is what the machine
//     itself takes.
//   - ImageBuild: with nothing but packages, and once more.
package bench
