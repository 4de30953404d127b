package lambda

import "time"

// invoke runs one invocation on the deployment. It returns errRetired if the deployment was replaced before the event reached a
// runtime; how the function fared is in the invocation.
func (d *deployment) invoke(i *invocation) error {
	rt, err := d.take()
	if err != nil {
		return err
	}
	var initialized time.Duration
	if rt == nil {
		if rt, initialized, err = d.newInitialized(i); err != nil {
			return err
		}
	}
	return d.run(rt, i, initialized)
}

// newInitialized starts a runtime for an invocation. Its init phase may have failed: that is retried during the invocation.
func (d *deployment) newInitialized(i *invocation) (*runtime, time.Duration, error) {
	rt, err := newRuntime(d)
	if err != nil {
		return nil, 0, err
	}
	if err := d.add(rt); err != nil {
		rt.api.close()
		return nil, 0, err
	}
	began := time.Now()
	failure := rt.initialize(i.requestID, d.service.config.InitTimeout, &functionError{status: "timeout"})
	took := time.Since(began)
	if failure != nil {
		rt.log.initFailed("init", took, failure)
		rt.initFailed = true
		took = 0
	}
	return rt, took, nil
}

// run hands the invocation to the runtime, which afterwards is warm or gone.
func (d *deployment) run(rt *runtime, i *invocation, initialized time.Duration) error {
	err := d.begin(func() {
		i.started = time.Now()
		i.deadline = i.started.Add(d.timeout)
		rt.log.start(i, d.version)
	})
	if err != nil {
		d.end(rt)
		return err
	}
	reusable := false
	if rt.initFailed {
		i.failure = d.initializeAgain(rt, i)
	}
	if i.failure == nil {
		reusable = rt.serve(i)
	}
	memory := 0
	if rt.process != nil {
		memory = rt.process.peakMemory()
	}
	rt.log.report(i, d, time.Since(i.started), initialized, memory, i.failure)
	if reusable {
		d.put(rt, d.service.config.IdleTimeout)
	} else {
		d.end(rt)
	}
	return nil
}

// initializeAgain repeats a failed init phase, as Lambda does, within the time of the invocation.
func (d *deployment) initializeAgain(rt *runtime, i *invocation) *functionError {
	rt.initFailed = false
	failure := rt.initialize(i.requestID, time.Until(i.deadline), timedOut(i.requestID, d.timeout))
	if failure != nil {
		rt.log.initFailed("invoke", time.Since(i.started), failure)
		rt.log.failure(i, failure)
	}
	return failure
}
