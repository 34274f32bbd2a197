"""What suites do with plugins and libraries that change how Python runs them; each a habit as in habits.py."""

from __future__ import annotations

from habits import Habit

#: Installed together, into an environment of their own: what they do is on unless a suite turns it off.
REQUIREMENTS = (
    "pytest-xdist",
    "pytest-forked",
    "cloudpickle",
    "coverage",
    "freezegun",
    "gevent",
    "greenlet",
    "hypothesis",
    "pyfakefs",
    "pytest-asyncio",
    "pytest-cov",
    "pytest-flakefinder",
    "pytest-randomly",
    "pytest-rerunfailures",
    "pytest-timeout",
    "time-machine",
)
PLUGINS = {
    "fakes_the_file_system": Habit(
        """
        def test(fs):
            fs.create_file("/made/up", contents="text")
            ran()
            in_child(ran)
            with open("/made/up") as file:
                assert file.read() == "text"
            assert not os.path.exists(os.__file__)
        """
    ),
    "freezes_time": Habit(
        """
        import freezegun

        def test():
            with freezegun.freeze_time("2000-01-01"):
                ran()
                in_child(ran)
                assert time.localtime().tm_year == 2000
        """
    ),
    "travels_in_time": Habit(
        """
        import time_machine

        def test():
            with time_machine.travel("2000-01-01T12:00", tick=False):
                ran()
                in_child(ran)
                assert time.localtime().tm_year == 2000
        """
    ),
    "runs_greenlets": Habit(
        """
        import gevent, greenlet

        def test():
            other = greenlet.greenlet(lambda: greenlet.getcurrent().parent.switch(ran()))
            assert other.switch() == 1
            greens = [gevent.spawn(ran) for _ in range(20)]
            gevent.joinall(greens, raise_error=True)
            assert [each.value for each in greens] == [1] * 20
        """
    ),
    "is_patched_by_gevent": Habit(
        """
        PROGRAM = '''
        from gevent import monkey
        monkey.patch_all()
        import os, subprocess, sys, threading, time, gevent
        import pkg.is_patched_by_gevent as module
        thread = threading.Thread(target=lambda: (time.sleep(0), module.ran(1)))
        thread.start()
        thread.join()
        assert [each.get() for each in [gevent.spawn(module.ran, n) for n in range(1, 3)]] == [1, 2]
        subprocess.run([sys.executable, "-c", "import pkg.is_patched_by_gevent as m; m.ran(0)"], check=True)
        '''

        def test():
            environ = {**os.environ, "PYTHONPATH": os.getcwd()}
            program = "\\n".join(line.strip() for line in PROGRAM.splitlines())
            subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, env=environ)
        """,
        missed=(8,),
    ),
    "has_an_alarm": Habit(
        """
        @pytest.mark.timeout(300, method="signal")
        def test():
            ran()
            in_child(ran)
        """
    ),
    "has_a_thread_that_waits": Habit(
        """
        @pytest.mark.timeout(300, method="thread")
        def test():
            ran()
            in_child(ran)
        """
    ),
    "awaits": Habit(
        """
        import asyncio

        @pytest.mark.asyncio
        async def test():
            async def work():
                await asyncio.sleep(0)
                return ran()

            assert await asyncio.gather(work(), work(), asyncio.to_thread(ran)) == [1, 1, 1]
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "import pkg.awaits; pkg.awaits.ran(0)", env={**os.environ, "PYTHONPATH": os.getcwd()}
            )
            assert await child.wait() == 0
        """,
        missed=(8,),
    ),
    # The explanation of a failure traces the example, by sys.monitoring or by sys.settrace.
    "looks_for_examples": Habit(
        """
        from hypothesis import given, settings, strategies

        @given(strategies.integers(1, 9))
        @settings(max_examples=20, database=None, deadline=None)
        def test(number):
            assert ran() == 1

        def test_that_fails():
            @given(strategies.integers(1, 9))
            @settings(max_examples=30, database=None, deadline=None)
            def fails(number):
                assert ran() != 1 or number < 5

            with pytest.raises(AssertionError):
                fails()
        """
    ),
    # Up to 3.11 a probe among the constants is nothing that can be pickled.
    "pickles_by_value": Habit(
        """
        import cloudpickle

        def test():
            ran()
            module = sys.modules["pkg.pickles_by_value"]
            cloudpickle.register_pickle_by_value(module)
            copy = pickle.loads(cloudpickle.dumps(module.ran))
            cloudpickle.unregister_pickle_by_value(module)
            assert (copy(2), copy(0)) == (2, None)
        """
    ),
    "is_flaky": Habit(
        """
        TRIES = []

        @pytest.mark.flaky(reruns=3)
        def test():
            TRIES.append(ran())
            assert len(TRIES) == 3
        """
    ),
    "comes_in_any_order": Habit(
        """
        import random

        def test(request):
            ran()
            assert request.config.getoption("randomly_seed") == 7
            random.random()
        """
    ),
    "measures_itself": Habit(
        """
        import coverage

        @pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
        def test_core(core):
            if core == "sysmon" and sys.version_info < (3, 12):
                pytest.skip("this Python has no sys.monitoring")
            cov = coverage.Coverage(data_file=None, config_file=False, include=["*/pkg/*"])
            cov.set_option("run:disable_warnings", ["no-sysmon", "no-ctracer"])
            cov.set_option("run:core", core)
            cov.start()
            ran()
            cov.stop()
            data = cov.get_data()
            (name,) = data.measured_files()
            assert {2, 3} <= set(data.lines(name)) <= {*range(1, 9)}

        def test():
            ran()
        """
    ),
}
