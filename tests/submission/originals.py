"""Files that an organiser would copy over a 2021 package, in our own words: see the contract, section 3."""

from textwrap import dedent

RUN = """
    import os, traceback
    import aicrowd_helper
    import train_submission_code
    import test_framework

    EVALUATION_STAGE = os.getenv('EVALUATION_STAGE', 'all')
    EVALUATION_RUNNING_ON = os.getenv('EVALUATION_RUNNING_ON', None)
    EXITED_SIGNAL_PATH = os.getenv('EXITED_SIGNAL_PATH', 'shared/exited')

    if EVALUATION_STAGE in ['all', 'training']:
        aicrowd_helper.training_start()
        try:
            train_submission_code.main()
            aicrowd_helper.training_end()
        except Exception as e:
            aicrowd_helper.training_error()
            raise e
    if EVALUATION_STAGE in ['all', 'testing']:
        aicrowd_helper.inference_start()
        try:
            test_framework.main()
            aicrowd_helper.inference_end()
        except Exception as e:
            aicrowd_helper.inference_error()
            print(traceback.format_exc())
            raise e
    if EVALUATION_STAGE in ['manager']:
        from minerl.env.malmo import launch_instance_manager
        launch_instance_manager()
"""
FRAMEWORK = """
    import os, logging
    import aicrowd_helper
    import coloredlogs
    import cv2
    import gym
    import minerl
    from test_submission_code import MineRLAgent, Episode, EpisodeDone

    coloredlogs.install(logging.DEBUG)
    MINERL_GYM_ENV = os.getenv('MINERL_GYM_ENV', 'MineRLBasaltFindCaveHighRes-v0')
    EPISODES = int(os.getenv('MINERL_MAX_EVALUATION_EPISODES', 5))

    class Small(gym.ObservationWrapper):
        def __init__(self, env):
            super().__init__(env)
            if env.observation_space.spaces['pov'].shape[0] != 1024:
                raise ValueError('not the high resolution')
        def observation(self, obs):
            obs['pov'] = cv2.resize(obs['pov'], (64, 64), interpolation=cv2.INTER_AREA)
            return obs

    def main():
        agent = MineRLAgent()
        assert isinstance(agent, MineRLAgent)
        agent.load_agent()
        assert issubclass(Episode, gym.Env)
        env = Small(gym.make(MINERL_GYM_ENV))
        for i in range(EPISODES):
            episode = Episode(env)
            try:
                agent.run_agent_on_episode(episode)
            except EpisodeDone:
                print('the end of episode', i)
        env.close()
"""
HELPER = """
    import crowdai_api

    api = crowdai_api.events.CrowdAIEvents()
    said = []

    def note(what):
        return lambda *a, **k: said.append(what)

    training_start, training_end, training_error = note('ts'), note('te'), note('tx')
    inference_start, inference_end, inference_error = note('is'), note('ie'), note('ix')
"""
CONFIG = """
    import json, os
    DEBUG = json.load(open('aicrowd.json'))['debug']
    EVAL_EPISODES = int(os.getenv('AICROWD_NUM_EVAL_EPISODES', 11))
    EVAL_MAX_STEPS = int(float(os.getenv('AICROWD_NUM_EVAL_MAX_STEPS', 1e9)))
    if DEBUG:
        EVAL_EPISODES, EVAL_MAX_STEPS = 2, 100
"""
RUN_2022 = """
    import test_BuildVillageHouse, test_CreateVillageAnimalPen, test_FindCave, test_MakeWaterfall, os
    if os.getenv('EVALUATION_STAGE') in ('all', 'training'):
        import train
        train.main()
    for module in (test_FindCave, test_MakeWaterfall, test_CreateVillageAnimalPen, test_BuildVillageHouse):
        module.main()
"""
YEARS = {
    2021: {"run.py": RUN, "test_framework.py": FRAMEWORK, "aicrowd_helper.py": HELPER},
    2022: {"run.py": RUN_2022, "config.py": CONFIG},
}


def write(folder, year):
    """The files of a year's competition in `folder`."""
    folder.mkdir(exist_ok=True)
    for name, text in YEARS[year].items():
        (folder / name).write_text(dedent(text))
    return folder
