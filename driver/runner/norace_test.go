//go:build !race

package runner

const underRace = false
